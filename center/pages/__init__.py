"""What people see: server-rendered frames, a wall drawn as SVG, and small modules over the API."""
