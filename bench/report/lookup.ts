import { median } from '../load/statistics.ts';
import type { Results } from './results.ts';

type Closed = Results['closed'][number];
type Figure = keyof Closed['rounds'][number];

/** Looks up figures in results: medians of rounds, undefined if something was not measured. */
export class Lookup {
  readonly results: Results;

  constructor(results: Results) {
    this.results = results;
  }

  /** The name of a contestant in tables. */
  nameOf(id: string): string {
    return this.results.contestants.find((contestant) => contestant.id === id)?.name ?? id;
  }

  /** The ids of the contestants that were measured, in the order of the tables. */
  get measured(): string[] {
    return this.results.contestants.filter(({ leftOut }) => leftOut === undefined).map(({ id }) => id);
  }

  closed(contestant: string, sessions: number): Closed | undefined {
    return this.results.closed.find((each) => each.contestant === contestant && each.sessions === sessions);
  }

  figure(contestant: string, sessions: number, figure: Figure): number | undefined {
    const rounds = this.closed(contestant, sessions)?.rounds;
    return rounds === undefined ? undefined : median(rounds.map((round) => round[figure]));
  }

  /** CPU time per request in microseconds. */
  cpu(contestant: string, sessions: number): number | undefined {
    return this.figure(contestant, sessions, 'cpuMicrosPerRequest');
  }

  mix(contestant: string, kind: string): number | undefined {
    const rounds = this.results.mix.find(
      (each) => each.contestant === contestant && each.kind === kind,
    )?.rounds;
    return rounds === undefined ? undefined : median(rounds.map((round) => round.cpuMicrosPerRequest));
  }

  open(contestant: string, sessions: number, share: number) {
    return this.results.open.find(
      (each) => each.contestant === contestant && each.sessions === sessions && each.share === share,
    )?.measured;
  }

  /** The number of sessions with which all contestants were measured, closest to the wanted one. */
  sessionsNear(wanted: number): number {
    const counts = this.results.plan.sessions;
    return counts.toSorted((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0] ?? wanted;
  }
}

/** The quotient, or undefined if one of the figures is missing. */
export const ratio = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one / other;
