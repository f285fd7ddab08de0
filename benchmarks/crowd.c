/* Processes to measure monitors beside. All of them end with this one, and this one ends with its standard input.
 *
 *   crowd idle N                   N children that wait
 *   crowd flicker N BUSY           the same, and the first BUSY of them use a share of a core that goes up and down
 *   crowd forks RATE               RATE children a second that end at once
 *   crowd execs RATE LIFE_MS EVERY NAME
 *                                  RATE children a second that exec this program and live up to twice LIFE_MS; every
 *                                  EVERY-th of them execs NAME instead, called as a Calamari is (0: none)
 *
 * "ready" is written once the children of idle and flicker are there; forks and execs write the rate that they had. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_LIVE = 2000, BEAT_US = 100000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void end_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
}

static void flicker(unsigned seed)
{
    for (;;) {
        int percent = rand_r(&seed) % 8 + 1;
        double until = now() + BEAT_US / 1e6 * percent / 100;
        while (now() < until) { }
        usleep(BEAT_US);
    }
}

static int is_over(double seconds)
{
    struct pollfd input = {0, POLLIN, 0};
    int ready = poll(&input, 1, seconds > 0 ? (int)(seconds * 1000) : 0);
    char byte;
    return ready > 0 && read(0, &byte, 1) <= 0;
}

static int gather(int count, int busy)
{
    pid_t self = getpid();
    pid_t *children = calloc(count + 1, sizeof *children);
    int made = 0;
    for (; made < count; made++) {
        children[made] = fork();
        if (children[made] == 0) {
            end_with_parent(self);
            close(1);
            if (made < busy)
                flicker(made + 1);
            for (;;)
                pause();
        }
        if (children[made] < 0) {
            perror("fork");
            break;
        }
    }
    if (made == count) {
        puts("ready");
        fflush(stdout);
        while (!is_over(60)) { }
    }
    for (int i = 0; i < made; i++)
        kill(children[i], SIGKILL);
    while (wait(NULL) > 0) { }
    return made == count ? 0 : 1;
}

static void become(const char *self, const char *name, int is_calamari, int life_ms, unsigned seed)
{
    char life[16];
    snprintf(life, sizeof life, "%d", life_ms ? rand_r(&seed) % (2 * life_ms) : 0);
    if (is_calamari)
        execl(name, name, "live", life, "run-script", (char *)NULL);
    else
        execl(self, self, "live", life, (char *)NULL);
    _exit(127);
}

static int storm(const char *self, int rate, int life_ms, int every, const char *name, int is_exec)
{
    pid_t own = getpid();
    long made = 0, live = 0;
    double began = now();
    puts("ready");
    fflush(stdout);
    for (;;) {
        while (live > 0 && waitpid(-1, NULL, WNOHANG) > 0)
            live--;
        double due = began + (made + 1.0) / rate - now();
        if (due > 0.002 || live >= MOST_LIVE || made % 64 == 0)
            if (is_over(live >= MOST_LIVE ? 0.01 : due))
                break;
        if (due > 0 && due <= 0.002)
            usleep((useconds_t)(due * 1e6));
        if (live >= MOST_LIVE)
            continue;
        pid_t child = fork();
        if (child == 0) {
            end_with_parent(own);
            if (!is_exec)
                _exit(0);
            become(self, name, every && made % every == 0, life_ms, (unsigned)made);
        }
        if (child < 0 && errno == EAGAIN)
            continue;
        live++;
        made++;
    }
    printf("%.0f\n", made / (now() - began));
    fflush(stdout);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0) { }
    return 0;
}

int main(int count, char **words)
{
    int number = count > 2 ? atoi(words[2]) : 0;
    if (count == 3 && !strcmp(words[1], "idle"))
        return gather(number, 0);
    if (count == 4 && !strcmp(words[1], "flicker"))
        return gather(number, atoi(words[3]));
    if (count == 3 && !strcmp(words[1], "forks"))
        return storm(words[0], number, 0, 0, "", 0);
    if (count == 6 && !strcmp(words[1], "execs"))
        return storm(words[0], number, atoi(words[3]), atoi(words[4]), words[5], 1);
    if (count >= 3 && !strcmp(words[1], "live")) {
        usleep((useconds_t)number * 1000);
        return 0;
    }
    fputs("crowd idle N | flicker N BUSY | forks RATE | execs RATE LIFE_MS EVERY NAME\n", stderr);
    return 2;
}
