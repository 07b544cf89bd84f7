// Parsers are interpreted, not compiled: compiling needs eval, which the page's content security policy forbids. Imported before any schema is made.
import { config } from 'zod';

config({ jitless: true });
