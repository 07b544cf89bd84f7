// What routes read of a request.
import type { Request } from 'express';
import { err } from './errors.ts';

/** A member of the JSON object that the body is. Throws SERVER_BAD_REQUEST. */
export const field = (request: Request, name: string): unknown => {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw err.BAD_REQUEST('body', `a JSON object with ${name}, sent as application/json`, 'something else');
  return (body as Record<string, unknown>)[name];
};
/** A {parameter} of the path. */
export const parameter = (request: Request, name: string): string => String(request.params[name]);
