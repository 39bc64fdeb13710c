namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// How samples are predicted from those above and to the left (RFC 6386, section 12). The first four modes are for blocks of every size,
/// the others for 4 x 4 blocks. The order matches <see cref="Vp8SubblockModeTable"/>.
/// </summary>
internal enum Vp8PredictionMode : byte
{
    Dc,
    TrueMotion,
    Vertical,
    Horizontal,
    DownRight,
    VerticalRight,
    DownLeft,
    VerticalLeft,
    HorizontalDown,
    HorizontalUp,
}
