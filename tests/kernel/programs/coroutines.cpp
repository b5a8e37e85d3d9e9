// Coroutines of every kind that the tests look at. Probes tell what happens, with the frame's address:
// 1 the promise is made, 2 about to resume (whoever does it), 3 a body has been entered again,
// 4 about to suspend, 5 at the final suspension, 6 the promise is gone.
#include <atomic>
#include <coroutine>
#include <exception>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

#define PROBE(number, value) __asm__ volatile("slti x0, %0, " #number : : "r"(value) : "memory")

struct Coroutine {
    struct promise_type;
    using Handle = std::coroutine_handle<promise_type>;

    struct Suspend {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) const noexcept { PROBE(4, handle.address()); }
        void await_resume() const noexcept {}
    };
    struct Final {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(Handle handle) const noexcept {
            PROBE(5, handle.address());
            auto next = handle.promise().continuation;
            if (!next) return std::noop_coroutine();
            PROBE(2, next.address());
            return next;
        }
        void await_resume() const noexcept {}
    };
    struct promise_type {
        int value = 0;
        std::coroutine_handle<> continuation;
        std::exception_ptr failure;

        promise_type() { PROBE(1, Handle::from_promise(*this).address()); }
        ~promise_type() { PROBE(6, Handle::from_promise(*this).address()); }
        Coroutine get_return_object() { return Coroutine(Handle::from_promise(*this)); }
        Suspend initial_suspend() noexcept { return {}; }
        Final final_suspend() noexcept { return {}; }
        Suspend yield_value(int next) { value = next; return {}; }
        void return_value(int last) { value = last; }
        void unhandled_exception() { failure = std::current_exception(); }
    };

    Handle handle;

    explicit Coroutine(Handle handle) : handle(handle) {}
    Coroutine(Coroutine&& other) : handle(std::exchange(other.handle, {})) {}
    ~Coroutine() { if (handle) handle.destroy(); }
    void resume() { PROBE(2, handle.address()); handle.resume(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) {
        PROBE(4, waiter.address());
        handle.promise().continuation = waiter;
        PROBE(2, handle.address());
        return handle;
    }
    int await_resume() {
        if (handle.promise().failure) std::rethrow_exception(handle.promise().failure);
        return handle.promise().value;
    }
};

// A coroutine that starts at once and lets go of itself at its end.
struct Detached {
    struct promise_type {
        promise_type() { PROBE(1, std::coroutine_handle<promise_type>::from_promise(*this).address()); }
        ~promise_type() { PROBE(6, std::coroutine_handle<promise_type>::from_promise(*this).address()); }
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };
};

std::atomic<void*> mailbox[2];

// Goes on in the other worker, which may have it before this one is out of await_suspend.
struct MoveTo {
    int worker;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept {
        PROBE(4, handle.address());
        mailbox[worker].store(handle.address());
        for (volatile int i = 0; i < 200; i = i + 1) {}
    }
    void await_resume() const noexcept {}
};

__attribute__((noinline)) Coroutine count(int from, int to) {
    for (int i = from; i < to; i++) co_yield i * i;
    co_return -1;
}
__attribute__((noinline)) Coroutine leaf(int n) {
    if (n == 3) throw std::runtime_error("three");
    co_return n * 2;
}
__attribute__((noinline)) Coroutine adding(int n) {
    int total = 0;
    for (int i = 0; i < n; i++) {
        try {
            total += co_await leaf(i);
        } catch (const std::runtime_error&) {
            total += 100;
        }
    }
    co_return total;
}
__attribute__((noinline)) Coroutine traveller(int rounds) {
    int seen = 0;
    for (int i = 0; i < rounds; i++) {
        co_await MoveTo{i & 1};
        seen++;
    }
    co_return seen;
}
__attribute__((noinline)) Detached detached(int steps) {
    for (int i = 0; i < steps; i++) co_await Coroutine::Suspend{};
}
std::coroutine_handle<> parked;
struct Park {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { PROBE(4, handle.address()); parked = handle; }
    void await_resume() const noexcept {}
};
__attribute__((noinline)) Detached failing() {
    co_await Park{};
    throw std::runtime_error("out");
}
__attribute__((noinline)) Detached parking() { co_await Park{}; }

std::atomic<bool> over;

static void work(int number) {
    while (!over) {
        if (void* address = mailbox[number].exchange(nullptr)) {
            PROBE(2, address);
            std::coroutine_handle<>::from_address(address).resume();
        } else {
            sched_yield();
        }
    }
}

static void say(int value) {
    char text[16];
    int at = 15;
    text[at] = '\n';
    do text[--at] = '0' + value % 10; while (value /= 10);
    write(1, text + at, 16 - at);
}

int main() {
    int total = 0;
    {
        Coroutine squares = count(1, 4);
        for (squares.resume(); !squares.handle.done(); squares.resume()) total += squares.handle.promise().value;
    }
    say(total);
    {
        Coroutine dropped = count(1, 100);
        dropped.resume();
        Coroutine untouched = count(5, 6);
    }
    {
        Coroutine task = adding(5);
        task.resume();
        say(task.handle.promise().value);
    }
    detached(0);
    parking();
    PROBE(2, parked.address());
    parked.resume();
    failing();
    try {
        PROBE(2, parked.address());
        parked.resume();
    } catch (const std::runtime_error&) {
        say(7);
    }
    {
        std::thread workers[2] = {std::thread(work, 0), std::thread(work, 1)};
        Coroutine moving = traveller(6);
        moving.resume();
        while (!moving.handle.done()) sched_yield();
        over = true;
        for (auto& worker : workers) worker.join();
        say(moving.handle.promise().value);
    }
    return 0;
}
