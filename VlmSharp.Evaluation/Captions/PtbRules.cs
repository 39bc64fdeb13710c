namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// The forms of Penn Treebank words (MacIntyre 1995, "Treebank tokenization"), together with what the reference tokenizer of captions does
/// to web text: addresses, smileys, currencies. Repetitions that could run over a whole text are bounded, so that a text without spaces
/// does not take quadratic time.
/// </summary>
internal static class PtbRules
{
    private const string Letter = @"[\p{L}\p{M}]", Alphanumeric = @"[\p{L}\p{M}\p{Nd}]";
    private const string Apostrophe = "['’\u0092]", Hyphen = @"[-_\u058A\u2010\u2011]";
    private const string Clitic = Apostrophe + "(?:[msd]|re|ve|ll)", NotLetter = "(?![A-Za-z])";
    private const string Word = Letter + Alphanumeric + "*(?:[.!?]" + Letter + Alphanumeric + "*)*"; // also "Yahoo!Japan", "end.Start"
    private const string Acronym = @"[A-Za-z](?:\.[A-Za-z])+";

    // Words that keep their period even at the end of a sentence, which then has none of its own: most of them precede names.
    private const string BeforeNames =
        "mrs?|ms|(?-i:M)iss|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|capt|ste?|ave|pres|lieut|hon"
        + "|brig"
        + "|co?mdr|pfc|spc|supts?|det|mt|ft|adj|adv|asst|assoc|ens|insp|mlle|mme|msgr|sfc|vs|alex|wm|jos|cie|cf|treas|invt|elec|natl|m[ft]g"
        + @"|a\.k\.a|[a-z]";

    // Words that keep their period and may end a sentence: months, days, states, companies, degrees. Those that are also plain words count
    // only with a capital: "Ill." but not "ill."
    private const string Shortened =
        "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu(?:rs)?|fri"
        + "|ala|ariz|(?-i:A)z|(?-i:A)rk|calif|colo|conn|ct|dak|(?-i:D)el|fla|ga|(?-i:I)ll|ind|kans?|ky|(?-i:L)a|(?-i:M)ass|md|mich|minn"
        + "|(?-i:M)iss|mo|mont|neb|nev|okla|(?-i:O)re|(?-i:P)a|penn|tenn|(?-i:T)ex|va|vt|(?-i:W)ash|wisc?|wyo"
        + "|inc|cos?|corp|ltd|plc|rt|bancorp|dept|bhd|assn|univ|intl|sys|tel|est|ext|sq|jr|sr|bros|(?:ed|ph)\\.d|esq|etc|al|seq|bldg";

    // Abbreviations only before a number: "No. 1", but "she says no."
    private const string BeforeNumbers = "ca|figs?|prop|nos?|arts?|bldg|pp|op";

    /// <summary>All rules.</summary>
    public static readonly PtbRule[] All =
    [
        .. Markup(), .. Contractions(), .. Addresses(), .. Numbers(), .. Abbreviations(), .. Words(), .. Quotes(), .. Marks(),
    ];

    private static PtbRule[] Markup() =>
    [
        new(@"<[!?/]?[a-z][-a-z0-9:._ =""'/]{0,200}>", Unspaced),
        new("&amp;", "&"), new("&lt;|<", "<"), new("&gt;|>", ">"),
    ];

    private static PtbRule[] Contractions() =>
    [
        new("(can)not"), new("(gon)na"), new("(got)ta"), new("(wan)na"), new("(lem)me"), new("(gim)me"),
        new($"({Apostrophe}t)(?:is|was)", Straight),
        new($"({Word}){Clitic}"),                                                           // dog | 's
        new($"([a-z]*[a-mo-z])n{Apostrophe}t"),                                             // is | n't, ca | n't
        new($"(y{Apostrophe}){Letter}"),                                                    // y' | all
        new($"({Clitic}|n{Apostrophe}t)(?:[^A-Za-z]|$)", Straight),
        // Words that keep their apostrophe.
        new($"{Apostrophe}n{Apostrophe}?|{Apostrophe}(?:em|till?|cause){NotLetter}|{Apostrophe}[2-9]0s"),
        new($"(?-i:[A-HJ-XZn]){Apostrophe}{Letter}{{2,}}"),                                 // O'Brien
        new($"{Letter}+(?-i:[aeiouyAEIOUY]){Apostrophe}(?-i:[aeiouA-Z]){Letter}*"),         // ma'am, Hawai'i
        new($@"[ldj]{Apostrophe}|ol{Apostrophe}|(?:somethin|dunkin){Apostrophe}|cont{Apostrophe}d\.?|nor{Apostrophe}easter|c{Apostrophe}mon"
            + $"|c{Apostrophe}est|e{Apostrophe}er|s{Apostrophe}mores|ev{Apostrophe}ry|li{Apostrophe}l|nat{Apostrophe}l|cap{Apostrophe}n"),
        new($@"({Apostrophe}[0-9][0-9])(?:\s|$)"),
    ];

    private static PtbRule[] Addresses() =>
    [
        new(@"https?://[^ ""<>|()]{1,2000}(?<![.!?(){},-])"),
        new(@"(?:www\.(?:[^ ""<>|.!?(){},]{1,63}\.){1,10}[a-z]{2,4}|(?:[^ ""`'<>|.!?(){},_$-]{1,63}\.){1,10}(?:com|net|org|edu))"
            + @"(?:/[^ ""<>|()]{1,2000}(?<![.!?(){},-]))?"),
        new(@"[a-z0-9][^ ""<>|()\u00A0@]{0,100}@(?:[^ ""<>|(){}.\u00A0@]{1,63}\.){0,10}[^ ""<>|(){}\[\].,;:\u00A0@]{1,63}"),
        new($"@[a-z_][a-z_0-9]*|#{Letter}(?:{Alphanumeric}|_)*{Alphanumeric}"),
        new($@"{Alphanumeric}{{1,100}}(?:[-._/]{Alphanumeric}{{1,100}}){{0,20}}"
            + @"\.(?:bmp|docx?|exe|gif|html?|jpe?g|mov|mp[34]|pdf|png|txt|wav|xml|zip)(?=[\s.?!,]|$)"),
    ];

    private static PtbRule[] Numbers() =>
    [
        new(@"[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}"),                                     // 12/25/2014
        new(@"[-+]?(?:\p{Nd}*(?:[.:,]\p{Nd}+)+|\p{Nd}+)"),                                  // 3:30, 1,000, .5, -7
        new(@"(?:[0-9]{1,4}[- \u00A0])?[0-9]{1,4}[/\u2044][0-9]{1,4}", Unspaced),           // 3/4, and 1 1/2 as one token
        new("[¼½¾⅓⅔]", fraction => fraction switch { "¼" => "1/4", "½" => "1/2", "¾" => "3/4", "⅓" => "1/3", _ => "2/3" }),
        new(@"(?:\([0-9]{2,3}\)[ \u00A0]?|\+{0,2}(?:[0-9]{2,4}[- \u00A0])?[0-9]{2,4}[- \u00A0])[0-9]{3,4}[- \u00A0]?[0-9]{3,5}"
            + @"|(?:\+{0,2}[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}", number => Unspaced(Bracketed(number))), // telephones
        new(@"(?-i:[A-Z]*)\$|#"),                                                           // US$
        new("¢", "cents"), new("£", "#"), new("[€\u00A4\u20A0\u0080]", "$"),                // the Treebank has no sign for these
    ];

    private static PtbRule[] Abbreviations() =>
    [
        new($@"(?!a\.k\.a\.)(?:{Shortened}|{Acronym})\.") { MayEndSentence = true },
        new($@"(?:{BeforeNames})\."),
        new($@"((?:{BeforeNumbers})\.)[ ]?[0-9]"),
    ];

    private static PtbRule[] Words() =>
    [
        new(Word),
        new(@"[a-z0-9]+(?:-[a-z]+){0,2}(?:/[a-z0-9]+(?:-[a-z]+){0,2}){1,2}"),               // and/or, w/out
        new($@"[a-z0-9][a-z0-9.,]{{0,100}}(?:-(?:{Acronym}\.|[a-z0-9]+))+"),                // 5-year-old, U.S.-based
        new("(?-i:[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+)"),                                       // AT&T
        new($"(?:[dol]{Apostrophe}{Alphanumeric})?{Alphanumeric}+(?:{Hyphen}(?:[dol]{Apostrophe}{Alphanumeric})?{Alphanumeric}+)*"),
    ];

    private static PtbRule[] Quotes() =>
    [
        new("(\")[a-z0-9$]", "``"), new("\"", "''"),                                        // one before a word opens
        new("(')[a-z][^ \u00A0]", "`"),
        new("``|''"), new("`|'"),
        new("[“„«\u0093\u0084]", "``"), new("[”»\u0094]", "''"), new("[‘‚‹\u0091\u0082]", "`"), new("[’›\u0092]", "'"),
    ];

    private static PtbRule[] Marks() =>
    [
        new(@"([<>]?[:;=][-o*']?(?-i:[()DPdpO\\{@|\[\]]))(?:[^A-Za-z]|$)", Bracketed),      // :)
        new(@"\(", "-lrb-"), new(@"\)", "-rrb-"), new(@"\[", "-lsb-"), new(@"\]", "-rsb-"), new(@"\{", "-lcb-"), new(@"\}", "-rcb-"),
        new(@"[\u0096\u0097\u2013-\u2015]|-{3,4}(?!-)", "--"), new("-+"),
        new(@"\.{3,5}|(?:\.[ \u00A0]){2,4}\.|…", "..."),
        new("[?!]+"), new(@"\*+"), new("@+"), new("_+"), new("#+"),
        new(@"[^\s\p{C}]"),                                                                 // anything else visible; emoji are no tokens
    ];

    private static string Straight(string token) => token.Replace('’', '\'').Replace('\u0092', '\'');

    /// <summary>A token that contains a space, written with a space that does not separate tokens.</summary>
    private static string Unspaced(string token) => token.Replace(' ', '\u00A0');

    private static string Bracketed(string token) =>
        token.Replace("(", "-lrb-", StringComparison.Ordinal).Replace(")", "-rrb-", StringComparison.Ordinal);
}
