using System.Buffers.Binary;

namespace VlmSharp.Imaging.Tests.Jpeg;

/// <summary>Puts JPEG files together by hand: of any size, all gray, in a few bits a block.</summary>
internal static class JpegFile
{
    /// <summary>Three components at 4:2:0, every coefficient 0: two bits a block in a baseline file, one in a progressive one.</summary>
    public static byte[] Flat(int width, int height, bool progressive)
    {
        int mcus = (width + 15) / 16 * ((height + 15) / 16);
        var size = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(size.AsSpan(2), (ushort)width);
        byte[] ones = [.. Enumerable.Repeat((byte)1, 64)];
        byte[] oneCode = [1, .. new byte[15], 0]; // the code 0, of one bit, for the value 0
        byte[] scan = progressive ? [3, 1, 0, 2, 0, 3, 0, 0, 0, 0] : [3, 1, 0, 2, 0, 3, 0, 0, 63, 0];
        return
        [
            0xFF, 0xD8, .. Segment(0xDB, [0, .. ones]),
            .. Segment(progressive ? (byte)0xC2 : (byte)0xC0, [8, .. size, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]),
            .. Segment(0xC4, [0x00, .. oneCode, 0x10, .. oneCode]), .. Segment(0xDA, scan),
            .. new byte[(mcus * (progressive ? 6 : 12) + 7) / 8], 0xFF, 0xD9,
        ];
    }

    private static byte[] Segment(byte marker, byte[] data) =>
        [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];
}
