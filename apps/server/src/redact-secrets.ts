// Takes secrets out of a text, those of this process's environment too. Whatever is logged, stored as an event or answered as an error goes through it.
import { redact, secretsOf } from '@facewright/core';

const known = secretsOf(process.env);

export const redactSecrets = (text: string): string => redact(text, known);
