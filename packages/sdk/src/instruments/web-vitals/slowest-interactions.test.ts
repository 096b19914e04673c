import { expect, test } from 'vitest';
import { createSlowestInteractions } from './slowest-interactions.js';

const entry = (interactionId: number, duration: number) => ({ interactionId, duration, startTime: interactionId * 10 });

test('the events of one interaction count as the longest of them [B10]', () => {
  const interactions = createSlowestInteractions();
  for (const [id, duration] of [
    [7, 24],
    [7, 120],
    [7, 40],
    [14, 80],
  ] as const)
    interactions.add(entry(id, duration));
  expect(interactions.worst()).toMatchObject({ interactionId: 7, duration: 120 });
});

test('events that are no interaction do not count, and without one there is no value [B10]', () => {
  const interactions = createSlowestInteractions();
  interactions.add(entry(0, 500));
  expect(interactions.worst()).toBeUndefined();
});

test('one interaction in every fifty may be an outlier, also of those too quick to be told [B10]', () => {
  const interactions = createSlowestInteractions();
  for (let id = 1; id <= 20; id++) interactions.add(entry(id, id * 10));
  expect(interactions.worst(49)!.duration).toBe(200);
  expect(interactions.worst(50)!.duration).toBe(190);
  expect(interactions.worst(149)!.duration).toBe(180);
  // Ten are kept.
  expect(interactions.worst(100_000)!.duration).toBe(110);
});
