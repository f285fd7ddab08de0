// Programs that end in the ways that a tracer can mistake for something else. Each says "ready" when it has begun, and
// waits for the end of its input where it has nothing better to do.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_long heard;
static char *program;

static void ready(void) { printf("ready\n"); fflush(stdout); }

static void input(void) { char c; while (read(0, &c, 1) > 0 || errno == EINTR) errno = 0; }

static void *sleeper(void *x) { for (;;) pause(); return x; }

static void *nothing(void *x) { return x; }

static pthread_t thread(void *(*body)(void *)) { pthread_t made; pthread_create(&made, NULL, body, NULL); return made; }

static void *execs(void *x) { input(); execl(program, program, "after", NULL); return x; }

static void *last(void *x) { input(); syscall(SYS_exit, 5); return x; }

static void count(int n) { (void)n; heard++; }

static void *is_traced(void *x) {
    char line[256];
    long traced = 0;
    FILE *f = fopen("/proc/thread-self/status", "r");
    while (fgets(line, 256, f)) if (sscanf(line, "TracerPid: %ld", &traced) == 1) break;
    fclose(f);
    (void)x;
    return traced ? &heard : NULL;
}

static int traced_thread(void) { void *found; pthread_join(thread(is_traced), &found); return found != NULL; }

static void *execs_now(void *x) { execl(program, program, "after", NULL); return x; }

static void hostile_map(void) {
    char name[256], *names[] = {"a\nb", "deadbeef-feedface rw-p 00000000 00:00 0", "[heap]", "\x1b[2J", " (deleted)"};
    for (int i = 0; i < 5; i++) {
        int f = open(names[i], O_RDWR | O_CREAT, 0600);
        if (ftruncate(f, 4096) || pwrite(f, "HOSTILE", 7, 0) != 7) exit(90);
        if (mmap(NULL, 64 << 10, PROT_READ, MAP_PRIVATE, f, 0) == MAP_FAILED) exit(91);
        unlink(names[i]);
    }
    memset(name, 'x', 250); name[250] = 0;
    for (int i = 0; i < 15; i++) { mkdir(name, 0700); if (chdir(name)) exit(92); }
    int f = open("long", O_RDWR | O_CREAT, 0600);
    if (ftruncate(f, 4096) || mmap(NULL, 4096, PROT_READ, MAP_SHARED, f, 0) == MAP_FAILED) exit(93);
    int null = open("/dev/zero", O_RDONLY);
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0);
    int mem = open("/dev/mem", O_RDONLY);
    if (mem >= 0) mmap(NULL, 4096, PROT_READ, MAP_SHARED, mem, 0);
    int shared = syscall(SYS_memfd_create, "me\nmory", 0);
    if (ftruncate(shared, 1L << 36)) exit(94);
    char *big = mmap(NULL, 1L << 36, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    if (big == MAP_FAILED) exit(95);
    strcpy(big + (1L << 35), "SPARSEMARK");
    char *huge = mmap(NULL, 1L << 37, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (huge == MAP_FAILED) exit(96);
    strcpy(huge + (1L << 36), "PRIVATEMARK");
    // The shadow memory of a sanitizer is like that. Nobody may read the page beside it, so that the two stay apart.
    mmap(huge - 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mmap(NULL, 1L << 42, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

// A page that nobody will ever deliver: whoever reads it waits until it is killed.
static int stuck_page(void) {
    int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MINOR_SHMEM};
    if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) return 77;
    int shared = syscall(SYS_memfd_create, "stuck", 0);
    char page[4096] = "STUCK";
    if (write(shared, page, 4096) != 4096) return 78;
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    struct uffdio_register range = {.range = {(unsigned long)at, 4096}, .mode = UFFDIO_REGISTER_MODE_MINOR};
    return ioctl(uffd, UFFDIO_REGISTER, &range) ? 79 : 0;
}

int main(int n, char **a) {
    program = a[0];
    const char *mode = n > 1 ? a[1] : "";
    int number = n > 2 ? atoi(a[2]) : 0;
    if (!strcmp(mode, "after")) { usleep(100000); return 9; }
    if (!strcmp(mode, "return")) { ready(); input(); return number; }
    if (!strcmp(mode, "threads")) { for (int i = 0; i < number; i++) thread(sleeper); ready(); input(); return 4; }
    if (!strcmp(mode, "exec")) { thread(sleeper); thread(execs); ready(); pause(); }
    if (!strcmp(mode, "single")) { pthread_join(thread(nothing), NULL); ready(); input(); pthread_join(thread(nothing), NULL); usleep(200000); return 6; }
    if (!strcmp(mode, "leaderless")) { thread(last); ready(); pthread_exit(NULL); }
    if (!strcmp(mode, "each")) { for (int i = 0; i < 8; i++) thread(last); ready(); last(NULL); }
    if (!strcmp(mode, "crash")) { thread(sleeper); ready(); input(); *(volatile int *)8 = 1; }
    if (!strcmp(mode, "undumpable")) { prctl(PR_SET_DUMPABLE, 0); ready(); input(); return 7; }
    if (!strcmp(mode, "hostile")) { hostile_map(); ready(); input(); return 8; }
    if (!strcmp(mode, "stuck")) { int failed = stuck_page(); if (failed) return failed; ready(); input(); return 5; }
    if (!strcmp(mode, "maps")) {
        for (int i = 0; i < number; i++) mmap(NULL, 8192, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ready(); input(); return 3;
    }
    if (!strcmp(mode, "burst")) {
        ready(); input();
        for (int i = 0; i < number; i++) pthread_join(thread(nothing), NULL);
        int quick = 0, calm = 0;
        for (int i = 0; i < 20; i++) quick += traced_thread();
        usleep(2500000);
        for (int i = 0; i < 5; i++) calm += traced_thread();
        return quick < 10 && calm == 5 ? 50 : 60;
    }
    if (!strcmp(mode, "burstexec")) {
        ready(); input();
        thread(sleeper);
        for (int i = 0; i < number; i++) pthread_join(thread(nothing), NULL);
        thread(execs_now);
        pause();
    }
    if (!strcmp(mode, "hungry")) { ready(); input(); for (;;) memset(malloc(1 << 20), 1, 1 << 20); }
    if (!strcmp(mode, "signals")) {
        struct sigaction act = {.sa_handler = count};
        sigaction(SIGRTMIN, &act, NULL);
        for (int i = 0; i < 3; i++) thread(sleeper);
        ready(); input(); usleep(300000);
        printf("%ld\n", (long)heard); return 2;
    }
    if (!strcmp(mode, "children")) {
        ready(); input();
        int status, made = 0;
        pid_t child = vfork();
        if (child == 0) _exit(21);
        waitpid(child, &status, 0); made += WEXITSTATUS(status) == 21;
        child = fork();
        if (child == 0) exit(22);
        waitpid(child, &status, 0); made += WEXITSTATUS(status) == 22;
        child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
        if (child == 0) { FILE *f = fopen("/proc/self/status", "r"); char line[256]; int traced = 1; usleep(100000);
            while (fgets(line, 256, f)) if (sscanf(line, "TracerPid: %d", &traced) == 1) break;
            _exit(traced ? 1 : 23); }
        waitpid(child, &status, __WALL); made += WEXITSTATUS(status) == 23;
        return made;
    }
    return 99;
}
