/**
 * Writes `movies.json`, the sample data of `miroir dev --sample movies`: films that were never made. Run it with
 * `npx tsx assets/generate-movies.ts`; it writes the same bytes every time.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const count = 400;

interface Movie {
  id: number;
  title: string;
  overview: string;
  genres: string[];
  year: number;
  rating: number;
  director: string;
  _geo: { lat: number; lng: number };
}

let drawn = 0;

/** Reproducible numbers in [0, 1). */
function random(): number {
  drawn += 1;
  return createHash('sha256').update(`movies ${drawn}`).digest().readUInt32BE() / 2 ** 32;
}

function pick<T>(values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

const places: [name: string, lat: number, lng: number][] = [
  ['Lisbon', 38.72, -9.14],
  ['Marseille', 43.3, 5.37],
  ['Bergen', 60.39, 5.32],
  ['Trieste', 45.65, 13.78],
  ['Porto', 41.15, -8.61],
  ['Gdansk', 54.35, 18.65],
  ['Naples', 40.85, 14.27],
  ['Reykjavik', 64.15, -21.94],
  ['Edinburgh', 55.95, -3.19],
  ['Antwerp', 51.22, 4.4],
  ['Valparaiso', -33.05, -71.61],
  ['Montevideo', -34.9, -56.16],
  ['Salvador', -12.97, -38.5],
  ['Oaxaca', 17.07, -96.73],
  ['Halifax', 44.65, -63.58],
  ['Duluth', 46.79, -92.1],
  ['Savannah', 32.08, -81.09],
  ['Anchorage', 61.22, -149.9],
  ['Casablanca', 33.57, -7.59],
  ['Dakar', 14.69, -17.45],
  ['Mombasa', -4.04, 39.67],
  ['Zanzibar', -6.16, 39.2],
  ['Istanbul', 41.01, 28.98],
  ['Tbilisi', 41.72, 44.79],
  ['Samarkand', 39.65, 66.96],
  ['Kochi', 9.93, 76.26],
  ['Kolkata', 22.57, 88.36],
  ['Hanoi', 21.03, 105.85],
  ['Penang', 5.41, 100.33],
  ['Busan', 35.18, 129.08],
  ['Nagasaki', 32.75, 129.88],
  ['Sapporo', 43.06, 141.35],
  ['Hobart', -42.88, 147.33],
  ['Dunedin', -45.87, 170.5],
];

const firstNames = [
  'Amara',
  'Bastian',
  'Celia',
  'Dariusz',
  'Elif',
  'Fabrice',
  'Greta',
  'Hideo',
  'Ines',
  'Jonas',
  'Kavita',
  'Leandro',
  'Mirela',
  'Nils',
  'Oksana',
  'Pilar',
  'Quentin',
  'Rosalind',
  'Sefu',
  'Tomasz',
];
const lastNames = [
  'Abernethy',
  'Bjornstad',
  'Castellan',
  'Drummond',
  'Eszterhas',
  'Fujimori',
  'Grabowski',
  'Halloran',
  'Ionescu',
  'Jankovic',
  'Kessler',
  'Lindqvist',
  'Moreau',
  'Nakagawa',
  'Okonkwo',
  'Pereira',
];

const adjectives = [
  'Silent',
  'Crooked',
  'Borrowed',
  'Electric',
  'Paper',
  'Hollow',
  'Golden',
  'Restless',
  'Forgotten',
  'Midnight',
  'Scarlet',
  'Patient',
  'Drowned',
  'Invisible',
  'Second',
  'Winter',
  'Burning',
  'Velvet',
  'Last',
  'Wandering',
  'Glass',
  'Salted',
  'Tender',
  'Unfinished',
];
const nouns = [
  'Lighthouse',
  'Orchard',
  'Harbour',
  'Archive',
  'Cartographer',
  'Carnival',
  'Station',
  'Violin',
  'Meridian',
  'Garden',
  'Locksmith',
  'Tide',
  'Observatory',
  'Ferry',
  'Beekeeper',
  'Avalanche',
  'Witness',
  'Clockwork',
  'Kitchen',
  'Telegram',
  'Mountain',
  'Apprentice',
  'Labyrinth',
  'Sparrow',
  'Lantern',
  'Inheritance',
  'Railway',
  'Aquarium',
];

const heroes = [
  'a retired lighthouse keeper',
  'a young pastry chef',
  'a disgraced surgeon',
  'an estranged twin',
  'a night-shift tram driver',
  'a stubborn beekeeper',
  'a forger of old maps',
  'a deaf pianist',
  'an apprentice locksmith',
  'a marine biologist',
  'a widowed postmaster',
  'a travelling puppeteer',
  'a rookie detective',
  'a former chess champion',
  'an insurance clerk',
  'a glacier guide',
  'a radio engineer',
  'a translator of love letters',
  'a village teacher',
  'a runaway violinist',
];

interface Genre {
  name: string;
  events: readonly string[];
  stakes: readonly string[];
}

const genres: Genre[] = [
  {
    name: 'Drama',
    events: [
      'returns after twenty years to sell the family house',
      'takes in a child nobody wants to claim',
      'must decide who inherits a failing vineyard',
      'reads letters that were never meant to be opened',
    ],
    stakes: [
      'Old promises come due one after another.',
      'What was left unsaid turns out to weigh the most.',
      'A quiet summer changes everyone at the table.',
    ],
  },
  {
    name: 'Comedy',
    events: [
      'is mistaken for the new mayor',
      'enters a cooking contest without being able to cook',
      'rents the same flat to three families',
      'has to hide a goat from the landlord',
    ],
    stakes: [
      'Every lie needs a larger one.',
      'Nobody gets what they want, and all are better for it.',
      'The wedding goes ahead, though not with the couple that was planned.',
    ],
  },
  {
    name: 'Thriller',
    events: [
      'finds a list of names with one crossed out each day',
      'recognises a voice on a police recording',
      'boards a night train on which a passenger disappears',
      'is offered money to forget a face',
    ],
    stakes: [
      'The telephone rings at the same minute every night.',
      'There are nine hours left and nobody to trust.',
      'The way out leads past the one who set the trap.',
    ],
  },
  {
    name: 'Science Fiction',
    events: [
      'receives a signal that answers questions before they are asked',
      'wakes on a cargo ship with no destination',
      'repairs robots that begin to dream',
      'is the last gardener on an orbiting station',
    ],
    stakes: [
      'The clocks on board no longer agree.',
      'What comes back through the gate is not what was sent.',
      'Humanity gets a second chance and a bill for the first.',
    ],
  },
  {
    name: 'Mystery',
    events: [
      'inherits a library with one locked shelf',
      'investigates a painting that changes overnight',
      'searches for a village that vanished from every map',
      'finds the diary of a stranger who knows tomorrow',
    ],
    stakes: [
      'Each answer opens another drawer.',
      'The solution has been hanging on the wall all along.',
      'Only the dog saw who came in.',
    ],
  },
  {
    name: 'Romance',
    events: [
      'keeps missing the same stranger on the morning ferry',
      'writes replies to letters addressed to someone else',
      'teaches tango to a customs officer',
      'shares an umbrella and loses an address',
    ],
    stakes: [
      'It takes four seasons to say one sentence.',
      'Distance turns out to be the easy part.',
      'The last boat leaves at midnight.',
    ],
  },
  {
    name: 'Adventure',
    events: [
      'sets out to cross the strait in a home-made boat',
      'follows a river upstream to its unnamed source',
      'joins an expedition that has lost its leader',
      'races a balloon against an approaching storm',
    ],
    stakes: [
      'The map ends where the journey begins.',
      'There is food for six days and a road of nine.',
      'The treasure is real, and so is the warning.',
    ],
  },
  {
    name: 'Horror',
    events: [
      'moves into a house whose cellar hums',
      'catalogues toys that change places at night',
      'hears footsteps in a lighthouse without stairs',
      'develops photographs of people not yet born',
    ],
    stakes: [
      'Whatever lives below has learned to knock.',
      'The mirror is always a moment late.',
      'By morning there is one more guest.',
    ],
  },
  {
    name: 'Animation',
    events: [
      'befriends a cloud that is afraid of heights',
      'discovers that the city statues go for walks',
      'leads a band of lost umbrellas home',
      'builds a moon out of kitchen pans',
    ],
    stakes: ['A small courage goes a long way.', 'Even the wind learns to listen.', 'The stars come down to help.'],
  },
  {
    name: 'Documentary',
    events: [
      'is followed through a year of repairing church organs',
      'looks back on the last wooden shipyard of the coast',
      'shows how a whole street learned to keep bees',
      'walks the railway line that was never finished',
    ],
    stakes: [
      'The camera waits, and the place begins to talk.',
      'Archive footage and patience tell the rest.',
      'Work and weather set the pace.',
    ],
  },
];

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function makeTitle(place: string): string {
  const [adjective, noun, other] = [pick(adjectives), pick(nouns), pick(nouns)];
  const forms = [
    `The ${adjective} ${noun}`,
    `${adjective} ${noun}`,
    `The ${noun} of ${place}`,
    `${capitalise(pick(['a', 'one', 'no', 'every']))} ${noun} in ${place}`,
    `The ${noun} and the ${other === noun ? 'Sea' : other}`,
    `Letters to the ${adjective} ${noun}`,
  ];
  return pick(forms);
}

function makeMovie(id: number, titles: Set<string>): Movie {
  const [place, lat, lng] = pick(places);
  const main = pick(genres);
  const second = pick(genres);
  let title = makeTitle(place);
  while (titles.has(title)) title = makeTitle(place);
  titles.add(title);
  const overview = `In ${place}, ${pick(heroes)} ${pick(main.events)}. ${pick(main.stakes)}`;
  return {
    id,
    title,
    overview,
    genres: main === second || random() < 0.35 ? [main.name] : [main.name, second.name],
    year: 1955 + Math.floor(random() * 70),
    rating: Math.round((4 + (random() + random() + random()) * 2) * 10) / 10,
    director: `${pick(firstNames)} ${pick(lastNames)}`,
    _geo: {
      lat: Math.round((lat + (random() - 0.5) / 10) * 1e4) / 1e4,
      lng: Math.round((lng + (random() - 0.5) / 10) * 1e4) / 1e4,
    },
  };
}

const titles = new Set<string>();
const movies = Array.from({ length: count }, (_, position) => makeMovie(position + 1, titles));
const lines = movies.map((movie) => `  ${JSON.stringify(movie)}`);
writeFileSync(new URL('./movies.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`);
