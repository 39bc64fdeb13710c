using System.Text;

namespace VlmSharp.Extensions.AI;

/// <summary>Walks through a text as its tokens spell it: whole pieces, or the UTF-8 bytes of a character one by one.</summary>
internal ref struct TokenCursor(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> text = text;
    private int at;
    private int width; // UTF-16 characters of the character whose bytes are being read
    private int bytesLeft; // of its UTF-8 bytes

    /// <summary>The place of a token that spells a number of UTF-16 characters.</summary>
    public Range Next(int length) => at..(at += length);

    /// <summary>The range of a byte token: the character's range for its last byte, else an empty range before the character.</summary>
    public Range NextByte()
    {
        if (bytesLeft == 0)
        {
            Rune.DecodeFromUtf16(text[at..], out Rune character, out width); // a lone surrogate is U+FFFD, as in the tokenizer
            bytesLeft = character.Utf8SequenceLength;
        }
        return --bytesLeft > 0 ? at..at : Next(width);
    }
}
