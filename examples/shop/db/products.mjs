/**
 * What the shop sells. Two of the products are there to be found: the desk is made of many parts, whose stock the API
 * asks for one by one, and the gold-plated keyboard costs more than the payment service lets a card pay.
 */
export const products = [
  {
    id: 'mug',
    name: 'Enamel mug',
    description: 'Survives a fall, a dishwasher and a stand-up meeting.',
    picture: '☕',
    priceCents: 1490,
    parts: 1,
    movements: 200,
  },
  {
    id: 'notebook',
    name: 'Dotted notebook',
    description: '120 pages for what did not fit into the ticket.',
    picture: '📓',
    priceCents: 1250,
    parts: 1,
    movements: 200,
  },
  {
    id: 'lamp',
    name: 'Desk lamp',
    description: 'Warm light, a heavy foot and a switch that clicks.',
    picture: '💡',
    priceCents: 5900,
    parts: 3,
    movements: 300,
  },
  {
    id: 'headphones',
    name: 'Closed headphones',
    description: 'Quiet outside, clear inside.',
    picture: '🎧',
    priceCents: 12900,
    parts: 2,
    movements: 300,
  },
  {
    id: 'desk',
    name: 'Desk, built to order',
    description: 'Oak, eighty parts, put together by hand once every one of them is found in the warehouse.',
    picture: '🪵',
    priceCents: 84900,
    parts: 80,
    movements: 120_000,
  },
  {
    id: 'gold-keyboard',
    name: 'Gold-plated keyboard',
    description: 'The keys are ordinary. The invoice is not.',
    picture: '⌨️',
    priceCents: 249_900,
    parts: 1,
    movements: 200,
  },
];
