// The locks of C++ and of C11, in threads.
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <threads.h>
#include <unistd.h>

struct Table { int rows; std::mutex lock; } tables[2];
std::recursive_mutex again;
std::shared_mutex shared;
std::condition_variable ready;
std::mutex ready_lock;
mtx_t plain;
int value, count;

static void add(Table& table) {
    std::lock_guard<std::mutex> held(table.lock);
    table.rows++;
}

static void work(int number) {
    for (int i = 0; i < 10; i++) {
        add(tables[1]);
        { std::lock_guard outer(again); std::lock_guard inner(again); value++; }
        if (number) { std::shared_lock reading(shared); value += 0; }
        else { std::unique_lock writing(shared); value++; }
        mtx_lock(&plain);
        value++;
        mtx_unlock(&plain);
    }
    { std::scoped_lock both(tables[0].lock, ready_lock); count++; }
    ready.notify_one();
}

int main() {
    mtx_init(&plain, mtx_plain);
    std::thread one(work, 0), two(work, 1);
    {
        std::unique_lock held(ready_lock);
        ready.wait(held, [] { return count == 2; });
    }
    one.join();
    two.join();
    return tables[1].rows == 20 ? 0 : 1;
}
