import { z } from 'zod';
import { ANYONE, jsonBody, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import { Refusal } from '../../../refusal.ts';
import { upgradeHashLater } from '../../../users/hashes/upgrade.ts';
import { deviceOfUser, MAX_DEVICE_TOKEN_CHARACTERS } from '../../../users/logins/device-token.ts';
import { passwordSchema } from '../../../users/password-rules.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { takeLoginClient } from '../oauth/public-client.ts';
import { type DeviceDeps, issueDevice, presentedDevice } from './device.ts';
import { type AttemptDeps, attemptLogin } from './login-attempt.ts';
import { announceLogin } from './login-notice.ts';
import { sendTokens, TOKEN_RESPONSES } from './tokens.ts';

const loginSchema = z
  .strictObject({
    username: z.string().min(1).max(128),
    password: passwordSchema,
    transport: z.enum(['bearer', 'cookie']).default('bearer'),
    remember: z.boolean().default(false),
    client_id: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Of a registered app (`portcullis client add --use login`). By default the web app.'),
    device_token: z
      .string()
      .max(MAX_DEVICE_TOKEN_CHARACTERS)
      .optional()
      .describe(
        'From an earlier login of this user. Browsers send it as a cookie. It is ignored if it is not valid.',
      ),
  })
  .meta({ id: 'LogIn' });

export const loginOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/login',
  id: 'logIn',
  tag: 'Authentication',
  summary: 'Log in with username and password',
  description:
    'An unknown username and a wrong password get the same response. Failed attempts are rate-limited. Those of a ' +
    'device that presents the device token of an earlier login are counted apart from all others, so that nobody ' +
    'else can lock it out. A device token is not a credential. With a `DPoP` header, all tokens of the session are bound ' +
    'to the key of its proof (RFC 9449): each use needs a new proof. A registered app can require that, or a client ' +
    'certificate (RFC 8705), to which its sessions are then bound; a session has one binding.',
  access: ANYONE,
  body: jsonBody(loginSchema),
  responses: TOKEN_RESPONSES,
  refusals: [
    'csrf',
    'login_wrong',
    'login_throttled',
    'login_rate_exceeded',
    'password_queue_full',
    'too_many_sessions',
    'proof_invalid',
    'nonce_required',
    'proof_replayed',
    'login_binding_required',
    'login_client_unknown',
    'client_certificate_malformed',
    'redis_unavailable',
  ],
};

export interface LoginDeps extends AttemptDeps, DeviceDeps {
  accountMail: AccountMail | undefined;
}

export const login =
  (deps: LoginDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const body = await c.env.body.json(loginSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    if (body.transport === 'cookie' && !isFromSite(c.env.incoming, deps.site))
      return refuse(c.env, new Refusal('csrf'));
    const client = await takeLoginClient(deps, c.env, body.client_id);
    if (client instanceof Refusal) return refuse(c.env, client);
    const device = presentedDevice(deps, c, body.device_token);
    const attempt = await attemptLogin(deps, { ...body, ...client, device }, c.env);
    if (attempt instanceof Refusal) return refuse(c.env, attempt);
    const { user, session } = attempt;
    upgradeHashLater(deps, c.env.log, user, body.password);
    if (session instanceof Refusal) return refuse(c.env, session, { sub: user.id });
    announceLogin(deps, c.env, user, deviceOfUser(device, user));
    logGrant(c.env, session.claims);
    return sendTokens(c, deps.site, session, body.transport, issueDevice(deps, device, user, c.env.nowMs));
  };
