namespace daemon {}
