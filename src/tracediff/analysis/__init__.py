"""Makes every number that a user can quote; prints and plots nothing."""
