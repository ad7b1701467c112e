export interface Vendor {
  name: string;
  type: string;
  /** What a payment to it is for. */
  purchase: string;
}

/** Whom the generated transactions are with. All of them are made up. */
export const VENDORS: readonly Vendor[] = [
  { name: 'Larkfield Market', type: 'groceries', purchase: 'Weekly shop' },
  { name: 'Millstone Bakery', type: 'groceries', purchase: 'Bread and rolls' },
  { name: 'Saffron Lane', type: 'restaurant', purchase: 'Dinner for two' },
  { name: 'Copper Kettle Coffee', type: 'restaurant', purchase: 'Coffee to go' },
  { name: 'Northway Rail', type: 'travel', purchase: 'Return ticket' },
  { name: 'Halcyon Stays', type: 'travel', purchase: 'Hotel room' },
  { name: 'Ember Fuel', type: 'transport', purchase: 'Fill-up' },
  { name: 'Quickspoke Cycles', type: 'sport', purchase: 'Bicycle parts' },
  { name: 'Harbour Pharmacy', type: 'health', purchase: 'Prescription' },
  { name: 'Gridline Energy', type: 'utilities', purchase: 'Electricity' },
  { name: 'Mossgate Telecom', type: 'utilities', purchase: 'Mobile plan' },
  { name: 'Bluebird Books', type: 'books', purchase: 'Two paperbacks' },
  { name: 'Paperboat Cinema', type: 'entertainment', purchase: 'Evening show' },
  { name: 'Threadneedle & Daughters', type: 'clothing', purchase: 'Winter coat' },
  { name: 'Juniper Electronics', type: 'electronics', purchase: 'Headphones' },
  { name: 'Fernhill Garden Centre', type: 'garden', purchase: 'Seeds and soil' },
];
