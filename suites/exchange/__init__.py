"""A local paper exchange that speaks Alpaca's protocols: market data and trade updates by WebSocket, orders by REST."""
