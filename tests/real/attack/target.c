/* A process that pretends to be .NET: it maps a library named libcoreclr.so and answers on a diagnostics socket. The
   fourth argument, where there is one, has it lie in its own memory about where that library came from. */
#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned char request_rest[4096];
static const unsigned char unknown_command[] = "DOTNET_IPC_V1\0\x18\0\xff\xff\0\0\x85\x13\x13\x80";
static const unsigned char done[] = "DOTNET_IPC_V1\0\x18\0\xff\0\0\0\0\0\0\0";

/* As a runtime does, or not: nonsense, one byte a second, without end, or nothing at all. */
static void answer(int connection, const char *manner, const unsigned char *reply, ssize_t length)
{
    static unsigned char endless[65536] = "DOTNET_IPC_V1\0\xff\xff\xff\0\0";

    if (strcmp(manner, "garbage") == 0)
        (void)!write(connection, "HTTP/1.1 200 OK\r\n\r\n\033]0;owned\a", 30);
    else if (strcmp(manner, "slow") == 0)
        for (int i = 0; i < 24 && write(connection, reply + i, 1) == 1; i++)
            sleep(1);
    else if (strcmp(manner, "endless") == 0)
        while (write(connection, endless, sizeof endless) > 0)
            ;
    else if (strcmp(manner, "silent") == 0)
        while (read(connection, request_rest, sizeof request_rest) > 0)
            ;
    else if (length > 16)
        (void)!write(connection, reply, 24);
}

/* createdump takes the directory of the library from this name: its own, by itself or over a link of /proc. */
static void forge(struct link_map *library, const char *lie, const char *directory)
{
    static char name[4096];

    if (strcmp(lie, "path") == 0)
        snprintf(name, sizeof name, "%s/libcoreclr.so", directory);
    else if (strcmp(lie, "root") == 0)
        snprintf(name, sizeof name, "/proc/%d/root%s/libcoreclr.so", getpid(), directory);
    else
        snprintf(name, sizeof name, "/proc/%d/task/%d/cwd/libcoreclr.so", getpid(), getpid());
    library->l_name = name;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned char request[4096];
    char line[4096], *field;
    int listener, connection;
    FILE *stat;
    void *library;

    if (argc < 4 || (library = dlopen(argv[1], RTLD_NOW)) == NULL)
        return 1;
    if (argc > 4)
        forge(library, argv[4], argv[2]);
    stat = fopen("/proc/self/stat", "r");
    if (stat == NULL || fgets(line, sizeof line, stat) == NULL)
        return 1;
    field = strrchr(line, ')') + 2;
    for (int i = 3; i < 22; i++)
        field = strchr(field, ' ') + 1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/dotnet-diagnostic-%d-%.*s-socket", argv[2], getpid(),
             (int)strcspn(field, " "), field);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0)
        return 1;
    chmod(address.sun_path, 0600);
    signal(SIGPIPE, SIG_IGN);
    puts("ready");
    fflush(stdout);
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        ssize_t length = read(connection, request, sizeof request);
        answer(connection, argv[3], request[16] == 4 ? unknown_command : done, length);
        close(connection);
    }
    return 0;
}
