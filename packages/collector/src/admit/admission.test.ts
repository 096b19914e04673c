import { expect, test } from 'vitest';
import { createAdmission } from './admission.js';
import { createTurns } from './turns.js';

test('past the limit there is no room until somebody leaves', () => {
  const admission = createAdmission(100);
  const first = admission.enter(60);
  expect(admission.enter(50)).toBeUndefined();
  const second = admission.enter(40);
  expect(second?.grow(1)).toBe(false);
  first?.leave();
  first?.leave();
  expect(admission.bytesInFlight).toBe(40);
  expect(second?.grow(60)).toBe(true);
  second?.leave();
  expect(admission.bytesInFlight).toBe(0);
});

test('whoever is alone finds room, however much it needs', () => {
  const admission = createAdmission(100);
  const alone = admission.enter(1000);
  expect(alone?.grow(1000)).toBe(true);
  expect(admission.enter(1)).toBeUndefined();
  alone?.leave();
  expect(admission.enter(1)).toBeDefined();
});

test('one sender, however much it sends, leaves half of the room to others, and two a third', () => {
  const admission = createAdmission(1200);
  const fill = (sender: string): number => {
    let bytes = 0;
    while (admission.enter(10, sender) !== undefined) bytes += 10;
    expect(admission.noRoom.reason).toBe('share');
    return bytes;
  };
  expect(fill('greedy')).toBe(600);
  expect(fill('second')).toBe(300);
  // Of what is left a newcomer finds a whole batch.
  expect(admission.enter(200, 'honest')).toBeDefined();
  expect(admission.enter(200, 'other')).toBeUndefined();
  expect(admission.noRoom.reason).toBe('full');
});

test('room that only waits for its sender is taken back when others want it, the oldest first', () => {
  let nowMs = 0;
  const admission = createAdmission(100, { now: () => nowMs });
  const evicted: string[] = [];
  for (const name of ['first', 'second', 'whole', 'fresh']) {
    if (name === 'fresh') nowMs = 1_500;
    const ticket = admission.enter(20, name)!;
    ticket.arriving(() => evicted.push(name));
    if (name === 'whole') ticket.arrived();
  }
  expect(admission.enter(30, 'honest')).toBeUndefined();
  nowMs = 2_100;
  expect(admission.enter(30, 'honest')).toBeDefined();
  expect(evicted).toEqual(['first']);
  expect(admission.enter(50, 'another')).toBeUndefined();
  expect(evicted).toEqual(['first', 'second']);
  expect(admission.bytesInFlight).toBe(70);
});

test('with memory full one request at a time is taken; with the disk full none', () => {
  let isFull = true;
  let closed: { reason: 'disk'; message: string } | undefined;
  const admission = createAdmission(100, { isMemoryFull: () => isFull, closed: () => closed });
  const alone = admission.enter(10)!;
  expect(admission.enter(1)).toBeUndefined();
  expect(admission.noRoom.reason).toBe('memory');
  isFull = false;
  admission.enter(1)!.leave();
  closed = { reason: 'disk', message: 'No room.' };
  expect(alone.grow(1)).toBe(false);
  alone.leave();
  expect(admission.enter(1)).toBeUndefined();
  expect(admission.noRoom).toBe(closed);
});

test('turns go around senders: the hundredth of one waits for the first of another', async () => {
  const turns = createTurns(1);
  const order: string[] = [];
  const work = (sender: string): Promise<void> => turns.take(async () => void order.push(sender), sender);
  await Promise.all([...Array.from({ length: 5 }, () => work('greedy')), work('honest'), work('honest')]);
  expect(order).toEqual(['greedy', 'greedy', 'honest', 'greedy', 'honest', 'greedy', 'greedy']);
});

test('work that fails gives its turn to the next', async () => {
  const turns = createTurns(1);
  const failed = turns.take(() => Promise.reject(new Error('no')));
  const next = turns.take(async () => 'done');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('done');
});
