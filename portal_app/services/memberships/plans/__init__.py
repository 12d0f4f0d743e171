"""Plans, their prices and coupons, as staff keep them."""
