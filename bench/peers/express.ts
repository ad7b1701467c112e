import { RedisStore } from 'connect-redis';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { COOKIE_SESSION_PREFIX } from '../sessions/cookie-session.ts';
import { announceServer, connectRedis, environment } from './peer.ts';

declare module 'express-session' {
  interface SessionData {
    user: { id: string; role: string };
  }
}

/** The usual stack with sessions: an opaque ID in a signed cookie, the session in Redis. */
const app = express();
app.disable('x-powered-by');
app.use(
  session({
    store: new RedisStore({ client: await connectRedis(), prefix: COOKIE_SESSION_PREFIX }),
    secret: environment.SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'strict' },
  }),
);

const requireUser: RequestHandler = (request, response, next) => {
  if (request.session.user?.role === 'user') next();
  else response.sendStatus(401);
};
app.use('/bank', requireUser, createProxyMiddleware({ target: environment.BANK_URL }));

const server = app.listen(0, '127.0.0.1', () => announceServer(server));
