/* Processes that live for a known time, and one that makes them.
 *
 *   mayfly spawn PROGRAM COUNT GAP_US WORDS...   COUNT times PROGRAM WORDS..., a random gap of up to twice GAP_US
 *                                                between; each pid is written, and collected the moment it ends
 *   mayfly live LIFE_US                          ends after so long
 *   mayfly spin FILE                             writes the clock into FILE in its first line, then again and again
 *   mayfly run                                   waits, as a Tentacle that is called like this
 *   mayfly busy                                  uses a core
 *   mayfly again COUNT GAP_US                    execs itself COUNT times, then sleeps
 *   mayfly become PROGRAM AFTER_US WORDS...      sleeps, then execs PROGRAM WORDS...
 *   mayfly beats FILE                            counts up in FILE every millisecond
 *
 * All end with the process that started them, except those that end by themselves. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static volatile int64_t *shared(const char *path)
{
    int file = open(path, O_RDWR);
    if (file < 0)
        return NULL;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int spawn(char **words)
{
    int count = atoi(words[1]), gap = atoi(words[2]);
    unsigned seed = 1;
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < count; i++) {
        words[2] = words[0];
        pid_t child = vfork();
        if (child == 0) {
            execv(words[0], words + 2);
            _exit(127);
        }
        printf("%d\n", (int)child);
        fflush(stdout);
        if (gap)
            usleep(rand_r(&seed) % (2 * gap));
    }
    while (wait(NULL) > 0) { }
    return 0;
}

int main(int count, char **words)
{
    if (count > 2 && !strcmp(words[1], "spin")) {
        volatile int64_t *clock = shared(words[2]);
        if (!clock)
            return 2;
        clock[0] = now();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            clock[1] = now();
    }
    if (count > 2 && !strcmp(words[1], "live")) {
        int life = atoi(words[2]);
        if (life)
            usleep(life);
        return 0;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count > 5 && !strcmp(words[1], "spawn"))
        return spawn(words + 2);
    if (count > 1 && !strcmp(words[1], "run"))
        for (;;)
            pause();
    if (count > 1 && !strcmp(words[1], "busy"))
        for (;;) { }
    if (count > 3 && !strcmp(words[1], "again")) {
        int left = atoi(words[2]);
        char next[16];
        if (left <= 0) {
            for (;;)
                pause();
        }
        usleep(atoi(words[3]));
        snprintf(next, sizeof next, "%d", left - 1);
        execl("/proc/self/exe", words[0], "again", next, words[3], (char *)NULL);
    }
    if (count > 3 && !strcmp(words[1], "become")) {
        usleep(atoi(words[3]));
        words[3] = words[2];
        execv(words[2], words + 3);
        return 127;
    }
    if (count > 2 && !strcmp(words[1], "beats")) {
        volatile int64_t *beats = shared(words[2]);
        if (!beats)
            return 2;
        for (;;) {
            beats[0]++;
            usleep(1000);
        }
    }
    return 2;
}
