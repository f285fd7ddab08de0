/* A library or program that leaves a file saying who ran it: NAME-UID. NAME and PLACE come from the compiler's line. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void leave(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%d", PLACE, NAME, (int)geteuid());
    close(open(path, O_WRONLY | O_CREAT, 0666));
}

/* What a createdump says that takes a pid. */
const char help[] = "createdump [options] pid\n--singlefile - single-file app model.\n";

int main(void)
{
    return help[0] != 'c';
}
