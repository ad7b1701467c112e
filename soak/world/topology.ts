/** Redis in the form that a bank runs it, with the faults that it has to survive. */
export interface Topology {
  name: string;
  /** The settings that lead a process to Redis. Each process may have its own relay. */
  settingsFor(process: string): Record<string, string>;
  faults: readonly Fault[];
  /** Undefined if nothing that was acknowledged may be lost. */
  statedLoss: StatedLoss | undefined;
  /** The URLs of the servers that hold keys now. Their keys are counted. */
  primaries(): Promise<string[]>;
  /** The processes whose memory is watched. Their ids change when they are restarted. */
  processes(): { name: string; pid: number }[];
  stop(): Promise<void>;
}

export interface Fault {
  name: string;
  /** Strikes, waits for about so long, and repairs what it broke. Resolves when that is done. */
  strike(lengthMs: number): Promise<void>;
  /** Whether it may cost what the topology states: a failover to a replica that lags behind. */
  causesLoss?: boolean | undefined;
}

/** What a topology may lose of what it has acknowledged. The settings that prevent it are part of the text. */
export interface StatedLoss {
  text: string;
  /** How old the lost writes may be. */
  lagMs: number;
  money: boolean;
  audit: boolean;
}
