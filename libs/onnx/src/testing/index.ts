// Helpers for specs of whoever differentiates graphs: the gradient check.
export * from './check-gradient.ts';
