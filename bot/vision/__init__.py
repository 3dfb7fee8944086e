"""Reading pictures: their words, their QR and barcodes, and what they are known again by.

Strangers' files are opened in processes of their own (`worker`), which hold no secret and may be killed at any moment;
`pool` keeps them, `pictures` is what the rest of the house asks.
"""
