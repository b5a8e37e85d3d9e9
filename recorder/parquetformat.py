"""Numbers of the Parquet format, for its writer and its readers here (parquet.thrift of Apache Parquet)."""

MAGIC = b"PAR1"
#: Types of columns, as they are stored.
BOOLEAN, INT32, INT64, BYTE_ARRAY = 0, 1, 2, 6
#: Encodings: plain values, RLE, DELTA_BINARY_PACKED, RLE_DICTIONARY and its name of old, BYTE_STREAM_SPLIT.
PLAIN, RLE, DELTA, DICTIONARY, OLD_DICTIONARY, SPLIT = 0, 3, 5, 8, 2, 9
#: Types of pages.
DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_2 = 0, 2, 3
