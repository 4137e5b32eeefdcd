"""Files that hold many images each: zip, tar, Parquet, HDF5."""
