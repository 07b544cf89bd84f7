// Who may watch over socket.io: by the token that a program shows, or the cookie of a browser; and only as long as the token holds.
import type { DefaultEventsMap, Server } from 'socket.io';
import { err } from '../errors.ts';
import type { Access } from './access-store.ts';
import type { Gate } from './gate.ts';

/** A client watches and unwatches, not more; one that says more than this a second is let go. */
const MESSAGES_A_SECOND = 100;

export interface SocketData {
  access: Access;
}

export function admitSockets<In extends object, Out extends object>(io: Server<In, Out, DefaultEventsMap, SocketData>, gate: Gate): void {
  io.use((socket, next) => {
    const { headers, auth } = socket.handshake;
    const { token } = auth as { readonly token?: unknown };
    const access = gate.who(typeof token === 'string' ? { authorization: `Bearer ${token}` } : headers);
    // Clients try again after a lost connection, not after one that was refused with a reason.
    if (!access) return next(Object.assign(new Error(err.TOKEN_NEEDED().message), { data: { code: 'SERVER_TOKEN_NEEDED' } }));
    socket.data.access = access;
    next();
  });
  io.on('connection', (socket) => {
    const leave = gate.keep(socket.data.access, () => socket.disconnect(true));
    let second = 0;
    let said = 0;
    socket.conn.on('packet', () => {
      const now = Math.floor(Date.now() / 1000);
      said = now === second ? said + 1 : 1;
      second = now;
      if (said > MESSAGES_A_SECOND) socket.disconnect(true);
    });
    socket.conn.once('close', leave);
  });
}
