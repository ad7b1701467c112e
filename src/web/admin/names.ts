import { useState } from 'hono/jsx/dom';
import { type AuditRecord, findUser } from '../api/admin.ts';
import { NotDone } from '../api/problem.ts';
import { useEffect } from '../shell/effect.ts';
import { useStore } from '../store.ts';
import { userIdsIn } from './audit-words.ts';
import { createNameLookUp, type KnownNames, type NameLookUp } from './name-look-up.ts';

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
