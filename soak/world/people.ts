import { openAccount } from '../../src/bank/ledger/accounts.ts';
import { gatewaySettings } from '../../src/config/load.ts';
import { openPeppers } from '../../src/keys/pepper.ts';
import type { RedisStore } from '../../src/redis/store.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import type { Role } from '../../src/users/roles.ts';
import { addUser } from '../../src/users/users.ts';

export const PASSWORD = 'a soak needs one password';
const OPENING_BALANCE_MINOR = 1_000_000;

export interface Person {
  id: string;
  username: string;
  /** The id of the person's bank account; an empty string for staff. */
  account: string;
}

export interface People {
  customers: Person[];
  staff: Person[];
  /** Staff whose role is taken away and given back. */
  clerks: Person[];
  superAdmin: Person;
}

interface PeopleOptions {
  customers: number;
  /** Holds the pepper of the gateways, which is created if there is none. */
  dataDir: string;
}

/** Adds the users and opens the customers' accounts. @throws {RedisUnavailable} */
export async function addPeople(redis: RedisStore, { customers, dataDir }: PeopleOptions): Promise<People> {
  const hasher = new PasswordHasher({
    workers: 1,
    queueMax: 100,
    peppers: await openPeppers(gatewaySettings({ DATA_DIR: dataDir })),
  });
  try {
    const passwordHash = await hasher.hash(PASSWORD);
    const add = async (username: string, role: Role): Promise<Person> => {
      const user = await addUser(redis, { username, displayName: username, passwordHash, role }, new Date());
      if (!('id' in user)) throw new Error(`there already is a user ${username}`);
      return { id: user.id, username, account: role === 'user' ? await accountOf(redis, user.id) : '' };
    };
    const several = (count: number, name: string, role: Role): Promise<Person[]> =>
      Promise.all(Array.from({ length: count }, (_, n) => add(`${name}-${n}`, role)));
    return {
      customers: await several(customers, 'customer', 'user'),
      staff: await several(2, 'staff', 'admin'),
      clerks: await several(2, 'clerk', 'admin'),
      superAdmin: await add('root', 'super-admin'),
    };
  } finally {
    await hasher.close();
  }
}

async function accountOf(redis: RedisStore, ownerId: string): Promise<string> {
  const account = { ownerId, name: 'Current account', currency: 'EUR', generated: false };
  const opened = await openAccount(
    redis,
    { ...account, openingBalanceMinor: OPENING_BALANCE_MINOR },
    Date.now(),
  );
  return opened.id;
}
