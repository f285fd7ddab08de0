"""The process that is captured: held by pidfd, held still, let go whatever happens, its pause measured."""
