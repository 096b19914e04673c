/** What services of a shop write: a number comes between the halves and another behind. */
export const logSentences = [
  ['Order ', ' taken by worker '],
  ['Payment of order ', ' declined by the bank after '],
  ['User u', ' logged in from 10.0.'],
  ['Cache miss for key session:', ' reloaded from database in '],
  ['Request to /api/items/', ' answered 200 in '],
  ['Retrying delivery ', ' to the warehouse, attempt after '],
  ['Stock of article ', ' is low, ordering again within '],
  ['Mail for customer ', ' queued behind '],
  ['Slow statement on table orders, id ', ' scanned '],
  ['Session ', ' expired, idle for '],
  ['Invoice ', ' rendered as pdf in '],
  ['Health of replica ', ' is good, lag '],
];
