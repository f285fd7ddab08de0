/* Runs <own path>.dll with the .NET host library named by the environment. The `dotnet` command refuses to be
   renamed; this program makes a .NET process whose executable really is Tentacle or Calamari. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*startup)(int, const char **, const char *host, const char *root, const char *app);

int main(int argc, const char **argv) {
    static char self[PATH_MAX], app[PATH_MAX + 4];
    const char *library = getenv("OCTOTUI_HOSTFXR"), *root = getenv("OCTOTUI_DOTNET_ROOT");
    if (!library || !root || readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 96;
    snprintf(app, sizeof app, "%s.dll", self);
    void *hostfxr = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    startup run = hostfxr ? (startup)dlsym(hostfxr, "hostfxr_main_startupinfo") : NULL;
    if (!run) return fprintf(stderr, "%s\n", dlerror()), 97;
    return run(argc, argv, self, root, app);
}
