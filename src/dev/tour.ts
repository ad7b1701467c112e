import { DEMO_USERS } from '../identity/demo-users.ts';

export interface TourStep {
  says: string;
  commands: readonly string[];
}

/** A tour with curl, to be pasted line by line into any POSIX shell: no comments, no program beyond grep and cut. */
export function tour(gatewayUrl: string): readonly TourStep[] {
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const login = `-H 'Content-Type: application/json' -d '{"username":"bob","password":"foobared"}'`;
  return [
    {
      says: 'Log in and keep the token:',
      commands: [
        `GATEWAY=${gatewayUrl}`,
        `TOKEN=$(curl -s $GATEWAY/auth/login ${login} | grep -o '"access_token":"[^"]*"' | cut -d '"' -f 4)`,
      ],
    },
    { says: 'Who am I?', commands: [`curl -s $GATEWAY/auth/session ${bearer}; echo`] },
    {
      says: 'The bank, behind the gate:',
      commands: [
        `curl -s $GATEWAY/bank/accounts ${bearer}; echo`,
        `ACCOUNT=$(curl -s $GATEWAY/bank/accounts ${bearer} | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)`,
        `curl -s "$GATEWAY/bank/accounts/$ACCOUNT/transactions?limit=3" ${bearer}; echo`,
      ],
    },
    {
      says: 'Log out (204), and the same token is dead at once (401):',
      commands: [
        `curl -s -o /dev/null -w '%{http_code}\\n' -X POST $GATEWAY/auth/logout ${bearer}`,
        `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${bearer}`,
      ],
    },
  ];
}

/** Everything that `portcullis dev` tells when it is ready. */
export function welcome(gatewayUrl: string, places: readonly (readonly [string, string])[]): string {
  const logins = DEMO_USERS.map(
    ({ username, password, role }) => `  ${username.padEnd(8)} ${password.padEnd(14)} ${role}`,
  );
  const steps = tour(gatewayUrl).map(
    ({ says, commands }) => `${says}\n${commands.map((command) => `  ${command}`).join('\n')}`,
  );
  return `
Portcullis is ready:  ${gatewayUrl}

${places.map(([what, where]) => `  ${what.padEnd(8)} ${where}`).join('\n')}

Demo log-ins:
${logins.join('\n')}

A tour, to be pasted line by line:

${steps.join('\n\n')}

Ctrl-C stops all three. The next start finds the same users, sessions and balances.
`;
}
