using System.Runtime.CompilerServices;

namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// Smooths the steps that coding leaves at the edges of macroblocks and 4 x 4 blocks (RFC 6386, section 15). Macroblocks are filtered in
/// reading order, each using the filtered samples of earlier ones; prediction never uses filtered samples.
/// </summary>
/// <param name="kind">The frame's filter.</param>
/// <param name="luma">Y.</param>
/// <param name="chroma">U and V.</param>
internal sealed class Vp8LoopFilter(Vp8FilterKind kind, Vp8Plane luma, Vp8Plane[] chroma)
{
    /// <summary>Filters the macroblock's left, inner vertical, upper and inner horizontal edges.</summary>
    /// <param name="column">The macroblock's column.</param>
    /// <param name="row">The macroblock's row.</param>
    /// <param name="strength">How strongly.</param>
    /// <param name="inner">Whether the edges within the macroblock are filtered too.</param>
    public void Apply(int column, int row, Vp8FilterStrength strength, bool inner)
    {
        if (strength.EdgeLimit == 0)
            return;
        for (int direction = 0; direction < 2; direction++)
        {
            bool across = direction == 0;
            if ((across ? column : row) > 0)
            {
                FilterEdge(luma, column * 16, row * 16, 16, across, strength, outer: true);
                FilterChroma(column * 8, row * 8, across, strength, outer: true);
            }
            if (!inner)
                continue;
            for (int offset = 4; offset < 16; offset += 4)
                FilterEdge(luma, column * 16 + (across ? offset : 0), row * 16 + (across ? 0 : offset), 16, across, strength, outer: false);
            FilterChroma(column * 8 + (across ? 4 : 0), row * 8 + (across ? 0 : 4), across, strength, outer: false);
        }
    }

    private void FilterChroma(int x, int y, bool across, Vp8FilterStrength strength, bool outer)
    {
        if (kind == Vp8FilterKind.Simple)
            return;
        foreach (Vp8Plane plane in chroma)
            FilterEdge(plane, x, y, 8, across, strength, outer);
    }

    // The edge before the samples from (x, y) on; `across` means that the filter runs along rows.
    private void FilterEdge(Vp8Plane plane, int x, int y, int length, bool across, Vp8FilterStrength strength, bool outer)
    {
        // Four times the step plus the difference of the next pair is compared with twice the limit.
        int limit = 2 * (strength.EdgeLimit + (outer ? 4 : 0)) + 1;
        int step = across ? 1 : plane.Stride, next = across ? plane.Stride : 1;
        int at = plane.At(x, y);
        byte[] samples = plane.Samples;
        if (kind == Vp8FilterKind.Simple)
        {
            for (int i = 0; i < length; i++, at += next)
            {
                if (IsStepWithin(samples, at, step, limit))
                    FilterTwo(samples, at, step);
            }
            return;
        }
        for (int i = 0; i < length; i++, at += next)
        {
            if (!IsStepWithin(samples, at, step, limit) || !IsFlat(samples, at, step, strength.InteriorLimit))
                continue;
            if (IsHighVariance(samples, at, step, strength.HighVarianceThreshold))
                FilterTwo(samples, at, step);
            else if (outer)
                FilterSix(samples, at, step);
            else
                FilterFour(samples, at, step);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsStepWithin(byte[] s, int at, int step, int limit) =>
        4 * Math.Abs(s[at - step] - s[at]) + Math.Abs(s[at - 2 * step] - s[at + step]) <= limit;

    private static bool IsFlat(byte[] s, int at, int step, int limit)
    {
        for (int i = 1; i < 4; i++)
        {
            if (Math.Abs(s[at - (i + 1) * step] - s[at - i * step]) > limit || Math.Abs(s[at + i * step] - s[at + (i - 1) * step]) > limit)
                return false;
        }
        return true;
    }

    private static bool IsHighVariance(byte[] s, int at, int step, int threshold) =>
        Math.Abs(s[at - 2 * step] - s[at - step]) > threshold || Math.Abs(s[at + step] - s[at]) > threshold;

    // Changes both sides by about three eighths of the step, taking the next pair into account.
    private static void FilterTwo(byte[] s, int at, int step)
    {
        int p1 = s[at - 2 * step], p0 = s[at - step], q0 = s[at], q1 = s[at + step];
        int a = 3 * (q0 - p0) + ToSigned(p1 - q1);
        s[at - step] = ToByte(p0 + ToFive((a + 3) >> 3));
        s[at] = ToByte(q0 - ToFive((a + 4) >> 3));
    }

    // Changes the nearest two samples on both sides.
    private static void FilterFour(byte[] s, int at, int step)
    {
        int p1 = s[at - 2 * step], p0 = s[at - step], q0 = s[at], q1 = s[at + step];
        int a = 3 * (q0 - p0);
        int near = ToFive((a + 4) >> 3), far = (near + 1) >> 1;
        s[at - 2 * step] = ToByte(p1 + far);
        s[at - step] = ToByte(p0 + ToFive((a + 3) >> 3));
        s[at] = ToByte(q0 - near);
        s[at + step] = ToByte(q1 - far);
    }

    // Changes the nearest three samples on both sides, by 27, 18 and 9 parts in 128.
    private static void FilterSix(byte[] s, int at, int step)
    {
        int p1 = s[at - 2 * step], p0 = s[at - step], q0 = s[at], q1 = s[at + step];
        int a = ToSigned(3 * (q0 - p0) + ToSigned(p1 - q1));
        int first = (27 * a + 63) >> 7, second = (18 * a + 63) >> 7, third = (9 * a + 63) >> 7;
        s[at - 3 * step] = ToByte(s[at - 3 * step] + third);
        s[at - 2 * step] = ToByte(p1 + second);
        s[at - step] = ToByte(p0 + first);
        s[at] = ToByte(q0 - first);
        s[at + step] = ToByte(q1 - second);
        s[at + 2 * step] = ToByte(s[at + 2 * step] - third);
    }

    private static int ToSigned(int value) => Math.Clamp(value, -128, 127);

    private static int ToFive(int value) => Math.Clamp(value, -16, 15);

    private static byte ToByte(int value) => (byte)Math.Clamp(value, 0, 255);
}
