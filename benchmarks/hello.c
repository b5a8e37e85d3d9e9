/* What starting up and one line of output cost. */
#include <stdio.h>

int main(void) {
    puts("hello");
    return 0;
}
