#undef FN
#undef TARGET
#undef LANES
#undef TILE_ROWS
#undef TILE_VECTORS
#undef vector
#undef mask
