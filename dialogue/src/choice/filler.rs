//! Words that name nothing: articles, pronouns, politeness, "the … one", "… wala".

use std::collections::BTreeSet;
use std::sync::LazyLock;

const FILLER: &str = "the a an one ones it its is this that these those i im ive my me mine want wanted please pls plz would \
    like to of for in on at by and or with was were am are be been have has had because since just so very really too do \
    does did get got need take give go choose pick select option think maybe yes yeah ok okay no not there you your can \
    could will us we they s t pm then sharp nicely fine works suits perfect \
    el la lo los las un una uno de del que es son por para en con mi mis me quiero quisiera porque y o muy favor esta este \
    ese esa fue era si a al se le bien perfecto viene va \
    wala wali wale vala vali vale hai hain h ka ki ke ko mein mai main mujhe mujhko ye yeh wo woh vo voh chahiye tha thi the \
    ho hua hui gaya gayi aur bhi hi to toh kar karo karna do dena dijiye kyunki kyonki se par pe ji haan han bhai please chalega chalegi rahega \
    मैं में मुझे मुझको यह ये वो वह वाला वाली वाले है हैं का की के को चाहिए था थी थे हो हुआ हुई गया गई और भी ही तो कर करो करना दो \
    दीजिए क्योंकि से पर जी हां नहीं चलेगा चलेगी रहेगा baje बजे am hrs hours o clock oclock las";

/// Whether a folded word names nothing.
pub(super) fn is(word: &str) -> bool {
    static ALL: LazyLock<BTreeSet<String>> =
        LazyLock::new(|| FILLER.split_whitespace().map(crate::fold::fold).collect());
    ALL.contains(word)
}
