/* generator.cpp - a C++20 coroutine that yields Fibonacci numbers to a loop.

   Shows:   a coroutine's frame lives on the heap: operator new makes it, resume() goes on in it, destroy()
            gives it back. The compiler splits the function into three: the ramp, .resume and .destroy.
   Try:     simrec run examples/c/generator.cpp
            simrec events --kind coroutine
            simrec replay --at 1000 */
#include <coroutine>
#include <cstdio>
#include <exception>
#include <utility>

template <typename T> class Generator {
public:
    struct promise_type {
        T value{};
        Generator get_return_object() { return Generator(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(T next)
        {
            value = next;
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    explicit Generator(Handle handle) : handle(handle) {}
    Generator(Generator &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    ~Generator()
    {
        if (handle)
            handle.destroy();
    }

    /* Go on to the next value; false at the end. */
    bool next()
    {
        handle.resume();
        return !handle.done();
    }
    T value() const { return handle.promise().value; }

private:
    Handle handle;
};

/* Inlined into main, Clang would make the frames part of main's own. */
[[gnu::noinline]] Generator<long> fibonacci(int count)
{
    long a = 0, b = 1;
    for (int i = 0; i < count; i++) {
        co_yield a;
        a = std::exchange(b, a + b);
    }
}

[[gnu::noinline]] Generator<long> even(Generator<long> numbers)
{
    while (numbers.next())
        if (numbers.value() % 2 == 0)
            co_yield numbers.value();
}

int main()
{
    Generator<long> numbers = even(fibonacci(40));
    long sum = 0;
    int count = 0;

    while (numbers.next()) {
        sum += numbers.value();
        count++;
    }
    std::printf("%d even Fibonacci numbers, sum %ld\n", count, sum);
}
