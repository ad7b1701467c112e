import { useEffect, useState } from 'preact/hooks';
import { type AuditRecord, findUser } from '../../api/admin.ts';
import { NotDone } from '../../api/api-error.ts';
import { createStore, type Store, useStore } from '../../hooks/store.ts';
import { userIdsIn } from './audit-labels.ts';

export interface Names extends Pick<NameLookUp, 'learn'> {
  known: KnownNames;
}

/** The names of the users in the records, and of one more. What is known goes with the page. */
export function useNames(records: readonly AuditRecord[] | undefined, userId?: string): Names {
  const [lookUp] = useState(() => createNameLookUp(findUserName));
  const known = useStore(lookUp.known);
  useEffect(() => {
    lookUp.want([...(userId === undefined ? [] : [userId]), ...userIdsIn(records ?? [])]);
  }, [records, userId]);
  return { known, learn: lookUp.learn };
}

async function findUserName(id: string): Promise<string | undefined> {
  try {
    return (await findUser(id, true)).username;
  } catch (fault) {
    if (fault instanceof NotDone && fault.status === 404) return undefined;
    throw fault;
  }
}

/** How many are asked for at one time. */
const AT_ONCE = 4;

/** User names by user id, as far as they are known. */
export type KnownNames = ReadonlyMap<string, string>;

export interface NameLookUp {
  known: Store<KnownNames>;
  /** Asks for those that are new. What could not be asked for is asked again the next time. */
  want(ids: readonly string[]): void;
  /** Learns a name from elsewhere. */
  learn(id: string, name: string): void;
}

/** Looks user names up, each once. `find` gives undefined for an id that is no user's. */
export function createNameLookUp(find: (id: string) => Promise<string | undefined>): NameLookUp {
  const known = createStore<KnownNames>(new Map());
  const asked = new Set<string>();
  const waiting: string[] = [];
  let underWay = 0;

  const learn = (id: string, name: string): void => {
    asked.add(id);
    known.set(new Map(known.get()).set(id, name));
  };

  async function askFor(id: string): Promise<void> {
    try {
      const name = await find(id);
      if (name !== undefined) learn(id, name);
    } catch {
      asked.delete(id);
    }
  }

  function askNext(): void {
    while (underWay < AT_ONCE) {
      const id = waiting.shift();
      if (id === undefined) return;
      underWay += 1;
      void askFor(id).then(() => {
        underWay -= 1;
        askNext();
      });
    }
  }

  return {
    known,
    learn,
    want: (ids) => {
      const fresh = ids.filter((id) => !asked.has(id));
      for (const id of fresh) asked.add(id);
      waiting.push(...fresh);
      askNext();
    },
  };
}
