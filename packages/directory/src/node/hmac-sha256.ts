import { createHmac } from 'node:crypto';
import type { Hmac } from '../auth/hmac.js';

/** HMAC-SHA256 on `node:crypto`. */
export const hmacSha256: Hmac = (key, first, rest) => createHmac('sha256', key).update(first).update(rest).digest();
