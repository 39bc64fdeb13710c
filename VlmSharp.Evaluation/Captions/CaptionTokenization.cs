namespace VlmSharp.Evaluation.Captions;

/// <summary>How captions are made into words before they are scored.</summary>
public enum CaptionTokenization
{
    /// <summary>Words of the Penn Treebank in lower case, without punctuation, as COCO has them: <see cref="PtbTokenizer"/>.</summary>
    Ptb,

    /// <summary>What lies between white space, as it stands.</summary>
    Whitespace,

    /// <summary>Nothing is done: the captions were made into words before, by another program.</summary>
    None,
}
