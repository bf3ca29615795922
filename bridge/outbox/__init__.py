"""The outbox: samples on disk until they are confirmed, whatever happens to the process and the disk.

    outbox    what all others see      commits         memory → disk, in groups   rows_in_memory       not on disk yet
    receipt   what became of a sample  disk            the thread, the open file  row_ids              before it opened
    state     its own figures          store           the file                   rows_by_destination  whose they are
    tally     the counts behind them   eviction        which rows go unsent       file_room            how much it takes
    desk      what people ask for      salvage         a damaged file             carving              page by page
    age       how long samples wait    schema          tables, earlier versions   body                 values as JSON

Imports neither delivery nor meters: one wing hands samples in, the other asks for them.
"""
