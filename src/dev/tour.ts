import { DEMO_USERS } from './demo-users.ts';
import type { DevPlan } from './plan.ts';

export interface TourStep {
  says: string;
  commands: readonly string[];
}

/** A tour with curl, to be pasted line by line into any POSIX shell: no comments, no program beyond grep and cut. */
export function tour(gatewayUrl: string): readonly TourStep[] {
  return [...customersTour(gatewayUrl), ...staffsTour()];
}

const JSON_BODY = "-H 'Content-Type: application/json'";
const as = (token: string): string => `-H "Authorization: Bearer $${token}"`;

/** Cuts the first value of a member out of JSON. */
const first = (member: string): string => `grep -o '"${member}":"[^"]*"' | head -n 1 | cut -d '"' -f 4`;

function logIn(token: string, username: string): string {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const body = JSON.stringify({ username, password });
  return `${token}=$(curl -s $GATEWAY/auth/login ${JSON_BODY} -d '${body}' | ${first('access_token')})`;
}

const customersTour = (gatewayUrl: string): TourStep[] => [
  { says: 'Log in and keep the token:', commands: [`GATEWAY=${gatewayUrl}`, logIn('TOKEN', 'bob')] },
  { says: 'Who am I?', commands: [`curl -s $GATEWAY/auth/session ${as('TOKEN')}; echo`] },
  {
    says: 'The bank, behind the gate:',
    commands: [
      `curl -s $GATEWAY/bank/accounts ${as('TOKEN')}; echo`,
      `ACCOUNT=$(curl -s $GATEWAY/bank/accounts ${as('TOKEN')} | ${first('id')})`,
      `curl -s "$GATEWAY/bank/accounts/$ACCOUNT/transactions?limit=3" ${as('TOKEN')}; echo`,
    ],
  },
  {
    says: 'Log in on another device, see both, and end the other one (204); its token is dead (401):',
    commands: [
      logIn('PHONE', 'bob'),
      `curl -s $GATEWAY/auth/sessions ${as('TOKEN')}; echo`,
      `SESSION=$(curl -s $GATEWAY/auth/session ${as('PHONE')} | ${first('session_id')})`,
      `curl -s -w '%{http_code}\\n' -X DELETE $GATEWAY/auth/sessions/$SESSION ${as('TOKEN')}`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('PHONE')}`,
    ],
  },
  {
    says: 'Log out (204), and the same token is dead at once (401):',
    commands: [
      `curl -s -o /dev/null -w '%{http_code}\\n' -X POST $GATEWAY/auth/logout ${as('TOKEN')}`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('TOKEN')}`,
    ],
  },
];

const staffsTour = (): TourStep[] => [
  {
    says: 'Staff block bob: his token is dead on the next request (401). Then they let him in again:',
    commands: [
      logIn('TOKEN', 'bob'),
      logIn('ADA', 'ada'),
      `BOB=$(curl -s "$GATEWAY/admin/users?q=bob" ${as('ADA')} | ${first('id')})`,
      `curl -s -X POST $GATEWAY/admin/users/$BOB/block ${as('ADA')}; echo`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('TOKEN')}`,
      `curl -s -X POST $GATEWAY/admin/users/$BOB/unblock ${as('ADA')}; echo`,
    ],
  },
  {
    says: 'The super-admin demotes ada: her live token may no longer see users (403). Then she is an admin again:',
    commands: [
      logIn('ROOT', 'root'),
      `ADAS=$(curl -s "$GATEWAY/admin/users?q=ada" ${as('ROOT')} | ${first('id')})`,
      `curl -s -X PUT $GATEWAY/admin/users/$ADAS/role ${as('ROOT')} ${JSON_BODY} -d '{"role":"user"}'; echo`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/admin/users ${as('ADA')}`,
      `curl -s -X PUT $GATEWAY/admin/users/$ADAS/role ${as('ROOT')} ${JSON_BODY} -d '{"role":"admin"}'; echo`,
    ],
  },
  {
    says: 'And all of it is on record:',
    commands: [`curl -s "$GATEWAY/admin/audit?limit=5" ${as('ROOT')}; echo`],
  },
];

/** Everything that `portcullis dev` tells when it is ready. */
export function welcome(
  { gatewayUrl, gateway }: Pick<DevPlan, 'gatewayUrl' | 'gateway'>,
  places: readonly (readonly [string, string])[],
): string {
  const invitation = gateway.webApp === 'on' ? `open ${gatewayUrl} in a browser (log-ins below)` : gatewayUrl;
  const logins = DEMO_USERS.map(
    ({ username, password, role }) => `  ${username.padEnd(8)} ${password.padEnd(14)} ${role}`,
  );
  const steps = tour(gatewayUrl).map(
    ({ says, commands }) => `${says}\n${commands.map((command) => `  ${command}`).join('\n')}`,
  );
  return `
Portcullis is ready: ${invitation}

${places.map(([what, where]) => `  ${what.padEnd(8)} ${where}`).join('\n')}

Demo log-ins:
${logins.join('\n')}
${gateway.smtpUrl === undefined ? '\nMails, such as those with a link to reset a password, are in the log of the gateway.\n' : ''}
A tour with curl, to be pasted line by line:

${steps.join('\n\n')}

Ctrl-C stops all three. The next start finds the same users, sessions and balances.
`;
}
