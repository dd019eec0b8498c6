/* Holds the namespaces of a pod: sleeps until it is told to end. */
#include <signal.h>
#include <unistd.h>

static void end(int number) { _exit(0); }

int main(void) {
    signal(SIGINT, end);
    signal(SIGTERM, end);
    for (;;) pause();
}
