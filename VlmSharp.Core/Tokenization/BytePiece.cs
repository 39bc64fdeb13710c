namespace VlmSharp.Tokenization;

/// <summary>The pieces <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, which spell text for which the vocabulary has no piece.</summary>
internal static class BytePiece
{
    /// <summary>The value of a byte piece, or -1 if it is not a byte piece.</summary>
    public static int ValueOf(ReadOnlySpan<byte> piece)
    {
        if (piece.Length != 6 || !piece.StartsWith("<0x"u8) || piece[5] != (byte)'>') return -1;
        int high = HexDigit(piece[3]);
        int low = HexDigit(piece[4]);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /// <summary>The value of a byte piece, or -1 if it is not a byte piece.</summary>
    public static int ValueOf(string piece)
    {
        if (piece.Length != 6 || piece[0] != '<') return -1;
        Span<byte> ascii = stackalloc byte[6];
        for (int i = 0; i < 6; i++) ascii[i] = piece[i] < 128 ? (byte)piece[i] : (byte)0;
        return ValueOf(ascii);
    }

    /// <summary>The ids of the 256 bytes.</summary>
    /// <exception cref="TokenizerFormatException">One is missing, so that some text could not be encoded.</exception>
    public static int[] IdsIn(Vocabulary vocabulary)
    {
        var ids = new int[256];
        Span<byte> piece = stackalloc byte[6];
        "<0x00>"u8.CopyTo(piece);
        for (int value = 0; value < 256; value++)
        {
            piece[3] = "0123456789ABCDEF"u8[value >> 4];
            piece[4] = "0123456789ABCDEF"u8[value & 15];
            ids[value] = vocabulary.Pieces.Find(piece);
            // Gemma's tokenizer.json spells the tab's byte piece as the tab itself.
            if (ids[value] < 0 && value == '\t') ids[value] = vocabulary.Pieces.Find("\t"u8);
            if (ids[value] < 0) throw TokenizerErrors.Unusable(vocabulary.FileName, $"has no byte piece <0x{value:X2}>");
        }
        return ids;
    }

    private static int HexDigit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        _ => -1,
    };
}
