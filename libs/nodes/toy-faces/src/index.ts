// Public surface of the toy-faces node library.
export * from './face-generator.ts';
