/**
 * Does something again and again while the page can be seen, and at once when it comes into view again.
 * Answers how to stop it.
 */
export function whileVisible(act: () => void, everyMs: number): () => void {
  const actIfSeen = (): void => {
    if (document.visibilityState === 'visible') act();
  };
  const timer = setInterval(actIfSeen, everyMs);
  document.addEventListener('visibilitychange', actIfSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', actIfSeen);
  };
}
