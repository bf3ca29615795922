"""The outbox: samples on disk until they have arrived, whatever happens to the process and the disk.

    outbox    what all others see        commits   memory → disk, in groups       memory   what is not on disk yet
    receipt   what became of a sample    disk      the thread and the open file   numbers  ids before the disk was seen
    state     its own figures            store     the file                       held     whose the rows are
    tally     the counts behind them     salvage   a damaged file                 carving  its pages, one by one
    desk      told to people             age       how long samples have waited   schema   tables, earlier versions

Imports neither delivery nor meters; whoever has a sample gives it, whoever can send one asks for it.
"""
