/* A module that has never heard of tracing. */

export function fib(n: i32): i32 {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

export function divide(a: i32, b: i32): i32 {
  return a / b;
}
