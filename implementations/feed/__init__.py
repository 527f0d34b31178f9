"""Path: the WebSocket client that receives the market data."""
