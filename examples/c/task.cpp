/* task.cpp - C++20 tasks that await each other, resumed by a pool of threads.

   Shows:   a coroutine suspended on one thread and resumed on another: its frame on the heap is all that
            moves. Each step goes to the back of a queue that three threads share.
   Try:     simrec run examples/c/task.cpp
            simrec events --kind coroutine      the same frame, resumed by different threads
            simrec contention                   waits for the pool's lock */
#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

/* Threads that resume coroutines in order of arrival. */
class Pool {
public:
    explicit Pool(int count)
    {
        for (int i = 0; i < count; i++)
            threads.emplace_back([this] { run(); });
    }
    ~Pool()
    {
        {
            std::lock_guard guard(lock);
            closed = true;
        }
        more.notify_all();
        for (auto &thread : threads)
            thread.join();
    }
    void push(std::coroutine_handle<> handle)
    {
        {
            std::lock_guard guard(lock);
            ready.push_back(handle);
        }
        more.notify_one();
    }
    /* co_await pool.turn(): go on when a thread gets to it. */
    auto turn()
    {
        struct Turn {
            Pool &pool;
            bool await_ready() { return false; }
            void await_suspend(std::coroutine_handle<> handle) { pool.push(handle); }
            void await_resume() {}
        };
        return Turn{*this};
    }

private:
    void run()
    {
        std::unique_lock guard(lock);
        for (;;) {
            more.wait(guard, [this] { return closed || !ready.empty(); });
            if (ready.empty())
                return;
            auto handle = ready.front();
            ready.pop_front();
            guard.unlock();
            handle.resume();
            guard.lock();
        }
    }
    std::mutex lock;
    std::condition_variable more;
    std::deque<std::coroutine_handle<>> ready;
    bool closed = false;
    std::vector<std::thread> threads;
};

/* A coroutine that nobody waits for; its frame goes away at its end. */
struct Task {
    struct promise_type {
        Task get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

std::atomic<long> total;
std::atomic<int> left;

Task add_up(Pool &pool, long first, long last)
{
    long sum = 0;
    for (long n = first; n < last; n++) {
        co_await pool.turn();
        sum += n;
    }
    total += sum;
    if (--left == 0)
        left.notify_all();
}

int main()
{
    constexpr int tasks = 6, length = 20;
    Pool pool(3);

    left = tasks;
    for (int i = 0; i < tasks; i++)
        add_up(pool, i * length, (i + 1) * length);
    for (int now = left; now != 0; now = left)
        left.wait(now);
    std::printf("%d tasks added up %d numbers: %ld\n", tasks, tasks * length, total.load());
}
