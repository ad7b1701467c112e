/** One transfer with all of its attempts, which share an idempotency key. */
export interface Transfer {
  /** The description, which no other transfer has. */
  mark: string;
  from: string;
  to: string;
  amountMinor: number;
  /**
   * `posted`: an attempt was acknowledged (201). `unknown`: no attempt was, and one of them may have been executed.
   * `refused`: every attempt was refused.
   */
  outcome: 'posted' | 'unknown' | 'refused';
}

/** An account as the ledger has it at the end. */
export interface LedgerAccount {
  id: string;
  openingMinor: number;
  balanceMinor: number;
  transactions: readonly LedgerTransaction[];
}

export interface LedgerTransaction {
  mark: string;
  direction: 'debit' | 'credit';
  amountMinor: number;
}

/**
 * Compares the ledger with the transfers: the sum of all balances is what it was, each balance is what its transactions
 * make it, and each transfer is posted exactly once if it was acknowledged, at most once if its outcome is unknown, and
 * never if it was refused.
 * @param mayLose whether the topology may lose what it acknowledged
 * @returns what is wrong, as sentences
 */
export function moneyFaults(
  transfers: Iterable<Transfer>,
  accounts: readonly LedgerAccount[],
  { mayLose = false } = {},
): string[] {
  const posted = Map.groupBy(
    accounts.flatMap(({ id, transactions }) => transactions.map((one) => ({ ...one, account: id }))),
    ({ mark }) => mark,
  );
  const faults = [...sumFaults(accounts), ...accounts.flatMap(balanceFaults)];
  for (const transfer of transfers) {
    const fault = transferFault(transfer, posted.get(transfer.mark) ?? [], mayLose);
    if (fault !== undefined) faults.push(`transfer ${transfer.mark} (${transfer.outcome}) ${fault}`);
    posted.delete(transfer.mark);
  }
  return [...faults, ...[...posted.keys()].map((mark) => `transaction ${mark} belongs to no transfer`)];
}

function sumFaults(accounts: readonly LedgerAccount[]): string[] {
  const opening = sum(accounts.map(({ openingMinor }) => openingMinor));
  const now = sum(accounts.map(({ balanceMinor }) => balanceMinor));
  return now === opening ? [] : [`the sum of all balances was ${opening} and is ${now}`];
}

function balanceFaults({ id, openingMinor, balanceMinor, transactions }: LedgerAccount): string[] {
  const made = openingMinor + sum(transactions.map(signed));
  return made === balanceMinor
    ? []
    : [`the balance of account ${id} is ${balanceMinor}, and its transactions make it ${made}`];
}

type Leg = LedgerTransaction & { account: string };

function transferFault(
  { from, to, amountMinor, outcome }: Transfer,
  legs: readonly Leg[],
  mayLose: boolean,
): string | undefined {
  const times = (account: string, direction: string): number =>
    legs.filter(
      (leg) => leg.account === account && leg.direction === direction && leg.amountMinor === amountMinor,
    ).length;
  const [debits, credits] = [times(from, 'debit'), times(to, 'credit')];
  if (debits !== credits || debits + credits !== legs.length) return 'is posted on one side only, or wrongly';
  if (debits > 1) return `is posted ${debits} times`;
  if (debits === 1 && outcome === 'refused') return 'is posted';
  return debits === 0 && outcome === 'posted' && !mayLose ? 'is lost' : undefined;
}

const signed = ({ direction, amountMinor }: LedgerTransaction): number =>
  direction === 'credit' ? amountMinor : -amountMinor;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
